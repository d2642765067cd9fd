import type { NodeFacts } from "./activity-types.ts";
import type { Unfinished } from "./contract.ts";

/**
 * What to do about a handover that ended without a verdict.
 * - `complete`: the new node runs, or its start was issued: roll forward.
 * - `return`: nothing was started on the new node: the old node serves again.
 * - `resume`: of a failover: nothing runs, so the standby takes over, from the fence on.
 * - `settled`: the old node runs and the new one does not: only tidy up.
 * - `unknown`: the facts do not say; nothing is changed, a person is asked.
 */
export interface RecoveryDecision {
  readonly action: "complete" | "return" | "resume" | "settled" | "unknown";
  /** One sentence: which facts led to it. */
  readonly because: string;
}

/**
 * Decides from the nodes' own facts alone (I6, I9). Issuing the start is the point of no return and startNode records the
 * grant just before it, so a grant of the handover's epoch on the new node means "may have been issued".
 */
export function decideRecovery(unfinished: Unfinished, facts: readonly NodeFacts[]): RecoveryDecision {
  const { from, to, epoch } = unfinished;
  const old = facts.find((f) => f.node === from);
  const next = facts.find((f) => f.node === to);
  const others = facts.filter((f) => f.node !== from && f.node !== to && f.running === true);
  if (!old || !next) {
    return { action: "unknown", because: `understudy.yaml no longer names ${!old ? from : to}` };
  }
  if (others.length > 0) {
    return {
      action: "unknown",
      because: `${others.map((f) => f.node).join(", ")} runs the service and had no part in this handover`,
    };
  }
  if (from === to) return decideRestart(old);
  if (unfinished.kind === "failover") return decideFailover(old, next);
  if (old.running === true && next.running === true) {
    return { action: "unknown", because: `both ${from} and ${to} run the service` };
  }
  if (next.running === true) {
    return { action: "complete", because: `${to} runs the service` };
  }
  if (old.running === true) {
    return { action: "settled", because: `${from} runs the service` };
  }
  if (!next.reachable || next.running === "unknown") {
    return {
      action: "unknown",
      because: `${to} cannot be asked whether it was started${next.detail ? ` (${next.detail})` : ""}`,
    };
  }
  // It may serve again by a way back that nobody told: starting the other would put two coordinators on the air.
  if (!old.reachable || old.running === "unknown") {
    return { action: "unknown", because: `${from} cannot be asked${old.detail ? ` (${old.detail})` : ""}` };
  }
  if (next.epoch >= epoch && old.epoch < next.epoch) {
    return { action: "complete", because: `${to} was granted epoch ${next.epoch} and the start may have been issued` };
  }
  return { action: "return", because: `${to} was never started` };
}

/**
 * An old node that is lost is what a failover is for. A grant on the standby does not help to complete it: only a standby
 * that runs shows that the fence still holds, since a way back may have begun.
 */
function decideFailover(old: NodeFacts, next: NodeFacts): RecoveryDecision {
  if (next.running === true && old.running === true && old.epoch > next.epoch) {
    return { action: "unknown", because: `both ${old.node} and ${next.node} run the service` };
  }
  if (next.running === true) return { action: "complete", because: `${next.node} runs the service` };
  if (!next.reachable || next.running === "unknown") {
    const detail = next.detail ? ` (${next.detail})` : "";
    return { action: "unknown", because: `${next.node} cannot be asked whether it was started${detail}` };
  }
  if (old.running === true) return { action: "settled", because: `${old.node} runs the service` };
  const lost = !old.reachable || old.running === "unknown";
  return {
    action: "resume",
    because: `${next.node} does not run the service, and ${old.node} ${lost ? "cannot be asked" : "does not either"}`,
  };
}

/** A start or restart where the service is: it was to serve afterwards, whatever came between. */
function decideRestart(holder: NodeFacts): RecoveryDecision {
  if (!holder.reachable || holder.running === "unknown") {
    const detail = holder.detail ? ` (${holder.detail})` : "";
    return { action: "unknown", because: `${holder.node} cannot be asked whether it runs the service${detail}` };
  }
  if (holder.running) return { action: "settled", because: `${holder.node} runs the service` };
  return { action: "return", because: `${holder.node} does not run the service` };
}
