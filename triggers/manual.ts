import type { Client, WorkflowHandleWithFirstExecutionRunId } from "@temporalio/client";
import { TASK_QUEUE, handoverId } from "../workflows/contract.ts";
import type { HandoverReport, SwitchoverInput } from "../workflows/contract.ts";

type Switchover = (input: SwitchoverInput) => Promise<HandoverReport>;
export type SwitchoverHandle = WorkflowHandleWithFirstExecutionRunId<Switchover>;

export interface StartOptions {
  /** Default: contract.ts' TASK_QUEUE. */
  readonly taskQueue?: string;
}

/** Temporal refuses a longer summary. */
const SUMMARY_BYTES = 400;

/**
 * Starts a switchover because a person wants it. The fixed workflow id is the lock: rejects with
 * WorkflowExecutionAlreadyStartedError while any handover of the service runs. Any other rejection leaves open whether it
 * was started.
 */
export async function startSwitchover(
  client: Client,
  input: SwitchoverInput,
  options: StartOptions = {},
): Promise<SwitchoverHandle> {
  return client.workflow.start<Switchover>("switchover", {
    workflowId: handoverId(input.service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "FAIL",
    args: [input],
    staticSummary: cut(summary(input), SUMMARY_BYTES),
    staticDetails: details(input),
  });
}

function summary({ service, to, reason, rehearse }: SwitchoverInput): string {
  const what = `${rehearse ? "Rehearsal of a switchover" : "Switchover"} of ${service}${to ? ` to ${to}` : ""}`;
  return reason ? `${what}: ${reason}` : what;
}

function details(input: SwitchoverInput): string {
  return [
    `- Service: ${input.service}`,
    `- To: ${input.to ?? "the standby, or with several the first fit one"}`,
    `- Started: by hand, from the command line`,
    ...(input.reason ? [`- Reason: ${cut(input.reason, 2_000)}`] : []),
    ...(input.rehearse ? ["- A rehearsal: every check, no change"] : []),
    ...(input.enrolBlankStick ? ["- A blank spare stick may become one of this network's"] : []),
  ].join("\n");
}

/** At most `bytes` bytes of UTF-8, no character torn apart. */
function cut(text: string, bytes: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  if (Buffer.byteLength(line) <= bytes) return line;
  let kept = "";
  let size = Buffer.byteLength("…");
  for (const character of line) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return `${kept}…`;
}
