import type { Client, WorkflowHandleWithFirstExecutionRunId } from "@temporalio/client";
import { TASK_QUEUE, checkId, handoverId } from "../workflows/contract.ts";
import type {
  CheckInput,
  CheckReport,
  FailoverInput,
  FenceTestInput,
  HandoverReport,
  OperateInput,
  SwitchoverInput,
} from "../workflows/contract.ts";

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

type Failover = (input: FailoverInput) => Promise<HandoverReport>;

/** Starts a failover because a person wants it. The lock and the rejections are those of `startSwitchover`. */
export async function startFailover(
  client: Client,
  input: FailoverInput,
  options: StartOptions = {},
): Promise<WorkflowHandleWithFirstExecutionRunId<Failover>> {
  const { service, to, reason } = input;
  return client.workflow.start<Failover>("failover", {
    workflowId: handoverId(service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "FAIL",
    args: [input],
    staticSummary: cut(
      `Failover of ${service}${to ? ` to ${to}` : ""}, by a person${reason ? `: ${reason}` : ""}`,
      SUMMARY_BYTES,
    ),
  });
}

type Check = (input: CheckInput) => Promise<CheckReport>;

/** Looks at the service now and lets a standby take over where it is down; a check that runs already is joined. */
export async function startCheck(
  client: Client,
  input: CheckInput,
  options: StartOptions = {},
): Promise<WorkflowHandleWithFirstExecutionRunId<Check>> {
  return client.workflow.start<Check>("check", {
    workflowId: checkId(input.service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "USE_EXISTING",
    args: [input],
    staticSummary: `Look whether ${input.service} serves, and take over if it is down`,
  });
}

type Operate = (input: OperateInput) => Promise<HandoverReport>;

/** Stops, starts or restarts the service where it is, or adopts it. The lock is the handover's, and so are the rejections. */
export async function startOperation(
  client: Client,
  input: OperateInput,
  options: StartOptions = {},
): Promise<WorkflowHandleWithFirstExecutionRunId<Operate>> {
  const { service, operation, by, reason } = input;
  return client.workflow.start<Operate>("operate", {
    workflowId: handoverId(service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "FAIL",
    args: [input],
    staticSummary: cut(`${OPERATION[operation]} ${service}, by ${by}${reason ? `: ${reason}` : ""}`, SUMMARY_BYTES),
  });
}

const OPERATION = {
  stop: "Stop of",
  start: "Start of",
  restart: "Restart of",
  adopt: "Adoption of",
  reinit: "New copy of",
} as const;

type FenceTest = (input: FenceTestInput) => Promise<HandoverReport>;

/** Proves which node a rung of its ladder switches. The lock is the handover's, and so are the rejections. */
export async function startFenceTest(
  client: Client,
  input: FenceTestInput,
  options: StartOptions = {},
): Promise<WorkflowHandleWithFirstExecutionRunId<FenceTest>> {
  const { service, node, by } = input;
  return client.workflow.start<FenceTest>("fenceTest", {
    workflowId: handoverId(service),
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowIdConflictPolicy: "FAIL",
    args: [input],
    staticSummary: cut(`Fence test of ${node} (${service}), by ${by}`, SUMMARY_BYTES),
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
