import {
  ApplicationFailure,
  ParentClosePolicy,
  executeChild,
  isCancellation,
  setCurrentDetails,
  sleep,
} from "@temporalio/workflow";
import { ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { onSync } from "./activities-proxy.ts";
import { FAILURE_TYPE_PREFIX, handoverId } from "./contract.ts";
import type { HandoverReport, RotationReport, RotationRunInput, SwitchoverInput } from "./contract.ts";
import { describeFailure } from "./failures.ts";
import { whyNoRotation } from "./rotation-rules.ts";
import { inForce } from "./service-control.ts";

/** While devices join or are updated, it is looked again after this time, and no longer than that. */
const AGAIN_MS = 5 * 60_000;
const POSTPONED_AT_MOST_MS = 60 * 60_000;

export interface RotationInput extends RotationRunInput {
  /** How long to wait between two looks, in ms; for tests. */
  readonly againMs?: number;
}

/**
 * The regular switchover. Skipped, with the reason as its result, where a person or a handover is in the way; postponed, for an hour
 * at most, while devices join or are updated. Ends as the handover ends: everything but `done` fails it, with the report as details.
 */
export async function rotation(input: RotationInput): Promise<RotationReport> {
  const { service } = input;
  const again = input.againMs ?? AGAIN_MS;
  for (let waitedMs = 0; ; waitedMs += again) {
    const before = await mayRotate(service);
    if (before.holder === undefined) return skipped(service, before.because);
    const disturbance = await disturbanceOn(service, before.holder);
    if (disturbance === undefined) {
      // To find that out may have taken minutes, in which a person may have paused it.
      const now = await mayRotate(service);
      return now.holder === undefined ? skipped(service, now.because) : handOver(service);
    }
    if (waitedMs + again > (POSTPONED_AT_MOST_MS / AGAIN_MS) * again)
      return skipped(service, `It was postponed for an hour. ${disturbance}`);
    setCurrentDetails(`Postponed: ${disturbance}`);
    await sleep(again, { summary: `Postponed: ${disturbance}` });
  }
}

/** The node that serves, where nothing and nobody is in the way of a rotation. */
async function mayRotate(service: string): Promise<{ holder: string } | { holder?: undefined; because: string }> {
  const state = inForce(await onSync.askService({ service }), new Date());
  const because = whyNoRotation(state);
  if (because !== undefined || state.holder === undefined) return { because: because ?? "" };
  return { holder: state.holder };
}

/** Where that cannot be found out the switchover's own checks say why. */
async function disturbanceOn(service: string, node: string): Promise<string | undefined> {
  try {
    return (await onSync.findDisturbance({ service, node })) ?? undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return undefined;
  }
}

async function handOver(service: string): Promise<RotationReport> {
  try {
    const handover = await executeChild<(input: SwitchoverInput) => Promise<HandoverReport>>("switchover", {
      workflowId: handoverId(service),
      args: [{ service, reason: "rotation" }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Switchover of ${service}: rotation`,
    });
    setCurrentDetails(handover.message);
    return { service, outcome: handover.outcome ?? "unknown", message: handover.message, handover };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      return skipped(service, "A handover of the service is running already.");
    throw asFailure(service, error);
  }
}

/** The child's failure, with its report: so that this run is red and says why. */
function asFailure(service: string, error: unknown): unknown {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || !cause.type?.startsWith(FAILURE_TYPE_PREFIX)) return error;
  const handover = cause.details?.[0] as HandoverReport | undefined;
  const { what } = describeFailure(cause);
  const report: RotationReport = {
    service,
    outcome: handover?.outcome ?? "unknown",
    message: handover?.message ?? what,
    ...(handover ? { handover } : {}),
  };
  setCurrentDetails(report.message);
  return ApplicationFailure.create({
    type: cause.type,
    message: report.message,
    nonRetryable: true,
    details: [report],
  });
}

function skipped(service: string, because: string): RotationReport {
  const message = `Skipped: ${because}`;
  setCurrentDetails(message);
  return { service, outcome: "skipped", message };
}
