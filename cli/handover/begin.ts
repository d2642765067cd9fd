import type { Client } from "@temporalio/client";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import type { Execution } from "./follow.ts";
import { findRunning, otherHandover } from "./running.ts";

/** What a start of a workflow under the handover's id gives. */
export interface Started {
  readonly workflowId: string;
  readonly firstExecutionRunId: string;
}

/** Starts it. Rejects HANDOVER_IN_PROGRESS (6) where another one runs, and unknown (5) where Temporal's answer was lost. */
export async function beginHandover(
  client: Client,
  service: string,
  start: () => Promise<Started>,
): Promise<Execution> {
  try {
    const handle = await start();
    return { service, workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      const running = await findRunning(client, service);
      if (running) throw otherHandover(service, running);
      throw new CliFailure({
        id: "HANDOVER_IN_PROGRESS",
        exitCode: EXIT.otherHandover,
        what: `A handover of ${service} was running and has just ended; this one was not started.`,
        next: "look at `understudy history`, and start again if it is still wanted.",
      });
    }
    throw new CliFailure({
      id: "OUTCOME_UNKNOWN",
      exitCode: EXIT.unknown,
      what: "Temporal did not confirm the start: it may have been started or not.",
      next: "look with `understudy status` before trying again.",
      cause: error,
    });
  }
}
