import type { Client, WorkflowHandleWithFirstExecutionRunId } from "@temporalio/client";
import { TASK_QUEUE, syncId } from "../workflows/contract.ts";
import type { SyncInput, SyncReport } from "../workflows/contract.ts";
import type { StartOptions } from "./manual.ts";

type Sync = (input: SyncInput) => Promise<SyncReport>;

/**
 * Starts a sync at once. The fixed workflow id is the lock: rejects with WorkflowExecutionAlreadyStartedError while one runs. Any
 * other rejection leaves open whether it was started.
 */
export async function startSync(
  client: Client,
  input: SyncInput,
  options: StartOptions = {},
): Promise<WorkflowHandleWithFirstExecutionRunId<Sync>> {
  return client.workflow.start<Sync>("sync", {
    workflowId: syncId(input.service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "FAIL",
    args: [input],
    staticSummary: `Sync of ${input.service}, ${input.by === "person" ? "by hand" : "because something changed"}`,
  });
}
