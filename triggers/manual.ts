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

type Started<Input, Result> = WorkflowHandleWithFirstExecutionRunId<(input: Input) => Promise<Result>>;
export type SwitchoverHandle = Started<SwitchoverInput, HandoverReport>;

export interface StartOptions {
  /** Default: contract.ts' TASK_QUEUE. */
  readonly taskQueue?: string;
}

/** Temporal refuses a longer summary. */
const SUMMARY_BYTES = 400;

/** What a person starts: the fixed workflow id is the lock, unless one that runs already is joined. */
function begin<Input, Result>(
  client: Client,
  type: string,
  input: Input,
  { taskQueue = TASK_QUEUE }: StartOptions,
  start: { workflowId: string; summary: string; details?: string; join?: boolean },
): Promise<Started<Input, Result>> {
  return client.workflow.start<(input: Input) => Promise<Result>>(type, {
    workflowId: start.workflowId,
    taskQueue,
    workflowIdConflictPolicy: start.join ? "USE_EXISTING" : "FAIL",
    args: [input],
    staticSummary: cut(start.summary, SUMMARY_BYTES),
    ...(start.details === undefined ? {} : { staticDetails: start.details }),
  });
}

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
  return begin(client, "switchover", input, options, {
    workflowId: handoverId(input.service),
    summary: summary(input),
    details: details(input),
  });
}

/** Starts a failover because a person wants it. The lock and the rejections are those of `startSwitchover`. */
export async function startFailover(
  client: Client,
  input: FailoverInput,
  options: StartOptions = {},
): Promise<Started<FailoverInput, HandoverReport>> {
  const { service, to, reason } = input;
  return begin(client, "failover", input, options, {
    workflowId: handoverId(service),
    summary: `Failover of ${service}${to ? ` to ${to}` : ""}, by a person${reason ? `: ${reason}` : ""}`,
  });
}

/** Looks at the service now and lets a standby take over where it is down; a check that runs already is joined. */
export async function startCheck(
  client: Client,
  input: CheckInput,
  options: StartOptions = {},
): Promise<Started<CheckInput, CheckReport>> {
  return begin(client, "check", input, options, {
    workflowId: checkId(input.service),
    summary: `Look whether ${input.service} serves, and take over if it is down`,
    join: true,
  });
}

/** Stops, starts or restarts the service where it is, or adopts it. The lock is the handover's, and so are the rejections. */
export async function startOperation(
  client: Client,
  input: OperateInput,
  options: StartOptions = {},
): Promise<Started<OperateInput, HandoverReport>> {
  const { service, operation, by, reason } = input;
  return begin(client, "operate", input, options, {
    workflowId: handoverId(service),
    summary: `${OPERATION[operation]} ${service}, by ${by}${reason ? `: ${reason}` : ""}`,
  });
}

const OPERATION = {
  stop: "Stop of",
  start: "Start of",
  restart: "Restart of",
  adopt: "Adoption of",
  reinit: "New copy of",
} as const;

/** Proves which node a rung of its ladder switches. The lock is the handover's, and so are the rejections. */
export async function startFenceTest(
  client: Client,
  input: FenceTestInput,
  options: StartOptions = {},
): Promise<Started<FenceTestInput, HandoverReport>> {
  const { service, node, by } = input;
  return begin(client, "fenceTest", input, options, {
    workflowId: handoverId(service),
    summary: `Fence test of ${node} (${service}), by ${by}`,
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
    ...(input.acceptEdits ? ["- What was changed by hand in the standby's files may be replaced"] : []),
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
