import { ParentClosePolicy, proxyActivities, sleep, startChild } from "@temporalio/workflow";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import type { WatchmanActivities } from "./activity-types.ts";
import { toService } from "./activities-proxy.ts";
import { handoverId } from "./contract.ts";
import type { CheckInput, CheckReport, FailoverInput, HandoverReport, ServiceState, Trouble } from "./contract.ts";
import { decide } from "./decision/decide.ts";
import { diagnose, isNotServing } from "./decision/diagnose.ts";
import type { Condition } from "./decision/diagnose.ts";
import { refuseBadInput } from "./delegate.ts";
import { followTrouble, pastOf } from "./trouble.ts";

const { examine } = proxyActivities<WatchmanActivities>({
  startToCloseTimeout: 25_000,
  heartbeatTimeout: 6_000,
  scheduleToCloseTimeout: 120_000,
  retry: { initialInterval: 500, maximumInterval: 5_000 },
});

/** Beyond `failover.after` so long, at most: somebody waits for the answer. */
const PATIENCE_MS = 60_000;
const APART_MS = 3_000;

/**
 * Looks at the service now, from every direction, and lets a standby take over where it is down: because a person asks, so
 * whether the service is armed, paused or blocked after a failover does not matter. It does not restart anything in place.
 */
export async function check(input: CheckInput): Promise<CheckReport> {
  refuseBadInput(input, '{"service":"zigbee"}');
  const { service } = input;
  const state = await toService.askService({ service });
  const { holder } = state;
  if (holder === undefined) {
    const because = state.blocked?.because ?? "it is not known which node should serve";
    return { service, serves: "unknown", because };
  }
  const began = Date.now();
  let trouble: Trouble | undefined;
  for (;;) {
    const { evidence, policy } = await examine({ service, active: holder, thorough: true });
    const now = Date.now();
    const followed = followTrouble(trouble, evidence, false, now, state.trouble?.restartFailed);
    const past = pastOf(asked(state), followed, false, now);
    const { condition, facts } = diagnose(evidence, past);
    if (condition === "serves") return { service, serves: "yes", because: facts };
    const decision = decide(evidence, { ...policy, restarts: 0 }, past);
    const since = new Date(followed.since).toISOString();
    if (decision.action === "takeOver") return takeOver(service, decision.because, since);
    // Nothing that a further look finds would change what a person has ordered.
    const isHeld = (state.stopped ?? (state.blocked?.needsAdoption ? state.blocked : undefined)) !== undefined;
    if (isHeld || now - began > policy.afterMs + PATIENCE_MS)
      return { service, serves: isSeenDown(condition) ? "no" : "unknown", because: decision.because };
    trouble = { since, decision, at: evidence.at, ...(followed.lost ? { lost: inText(followed.lost) } : {}) };
    await sleep(Math.min(decision.lookAgainMs ?? APART_MS, APART_MS));
  }
}

/** What holds back what happens by itself does not hold back a person, but that nobody knows who serves. */
function asked(state: ServiceState): ServiceState {
  const { paused: _paused, blocked, ...rest } = state;
  return blocked?.needsAdoption ? { ...rest, blocked } : rest;
}

function inText({ since, looks }: { since: number; looks: number }): NonNullable<Trouble["lost"]> {
  return { since: new Date(since).toISOString(), looks };
}

/** Down for a reason that no standby would mend, or that is not Understudy's to mend. */
function isSeenDown(condition: Condition): boolean {
  return isNotServing(condition) || condition === "stopped-on-purpose" || condition === "broker-lost";
}

async function takeOver(service: string, because: string, since: string): Promise<CheckReport> {
  const workflowId = handoverId(service);
  const args: [FailoverInput] = [{ service, reason: because, by: "person", since }];
  try {
    const child = await startChild<(input: FailoverInput) => Promise<HandoverReport>>("failover", {
      workflowId,
      args,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Failover of ${service}`,
      staticDetails: because,
    });
    return { service, serves: "no", because, handover: { workflowId, runId: child.firstExecutionRunId } };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { service, serves: "no", because: `${because}. A handover is under way already`, handover: { workflowId } };
  }
}
