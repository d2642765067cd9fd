import { ApplicationFailure, ParentClosePolicy, executeChild } from "@temporalio/workflow";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { handoverId } from "./contract.ts";
import type { FailoverInput, HandoverReport, SwitchoverInput } from "./contract.ts";

/** A handover that was started under another id: the run with the right one does the work, so that the id stays the lock. */
export async function delegate(
  type: "switchover" | "failover",
  input: SwitchoverInput | FailoverInput,
): Promise<HandoverReport> {
  const { service, reason } = input;
  const id = handoverId(service);
  const what = type === "switchover" ? "Switchover" : "Failover";
  try {
    return await executeChild<(input: SwitchoverInput | FailoverInput) => Promise<HandoverReport>>(type, {
      workflowId: id,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${what} of ${service}${reason ? `: ${reason}` : ""}`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw ApplicationFailure.nonRetryable(
        `A handover of ${service} is already running: workflow ${id}. Next: wait for it (understudy wait ${id}) and start again if it is still wanted.`,
        "HANDOVER_IN_PROGRESS",
      );
    }
    throw error;
  }
}

/** Rejects input without a service's name, with an example. */
export function refuseBadInput(input: unknown, example: string): void {
  const service = (input as { service?: unknown } | undefined)?.service;
  if (typeof service === "string" && service !== "") return;
  throw ApplicationFailure.nonRetryable(
    `The input must be an object with the service's name. Next: --input '${example}'`,
    "BAD_INPUT",
  );
}
