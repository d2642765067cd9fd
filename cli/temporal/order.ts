import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import type { Workflow } from "@temporalio/common";
import { CONTROL_UPDATE, serviceStart } from "../../workflows/contract.ts";
import type { Control, ServiceState } from "../../workflows/contract.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { isDeadline } from "./errors.ts";
import { hasWorker } from "./pollers.ts";

const WITHIN_MS = 15_000;

/**
 * Tells the `service` workflow what a person orders, starting it where it does not run yet, and gives its state afterwards.
 * Rejects where the order was refused (exit code 2), and unknown (5) where no worker answered.
 */
export async function order(
  client: Client,
  service: string,
  control: Control,
  taskQueue: string,
): Promise<ServiceState> {
  const started = new WithStartWorkflowOperation("service", {
    ...serviceStart(service, taskQueue),
    workflowIdConflictPolicy: "USE_EXISTING",
  });
  if (!(await hasWorker(client, taskQueue))) throw noWorker();
  try {
    return await client.withDeadline(Date.now() + WITHIN_MS, () =>
      client.workflow.executeUpdateWithStart<Workflow, ServiceState, [Control]>(CONTROL_UPDATE, {
        args: [control],
        startWorkflowOperation: started,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) throw refused(error);
    if (isDeadline(error)) throw unanswered(error);
    throw error;
  }
}

function noWorker(): CliFailure {
  return new CliFailure({
    id: "NO_WORKER",
    exitCode: EXIT.refused,
    what: "No worker is running, so nobody takes the order; nothing was changed.",
    next: "run `understudy start`.",
  });
}

function refused(error: WorkflowUpdateFailedError): CliFailure {
  const words = error.cause?.message ?? "the service refused it";
  return new CliFailure({
    id: "CONTROL_REFUSED",
    exitCode: EXIT.refused,
    what: `Refused, nothing was changed: ${words}`,
    cause: error,
  });
}

function unanswered(cause: unknown): CliFailure {
  return new CliFailure({
    id: "OUTCOME_UNKNOWN",
    exitCode: EXIT.unknown,
    what: "The worker did not answer in time: the order may have been taken or not.",
    next: "look with `understudy status`, and give it again; twice does no harm.",
    cause,
  });
}
