import type { Decision } from "../model/evidence.ts";
import type { ExpectedOutage, HandoverSummary } from "./contract.ts";

/** So many of the newest measurements count. */
const MEASURED = 3;
/** From the decision until a device answers, where nothing was measured yet; docs/detection.md says where they are from. */
const NOT_MEASURED_MS = { restart: 20_000, takeOver: 60_000 } as const;

/**
 * How long the service would have been away had this been done: from the moment at which it was first seen not to serve. An
 * estimate, by what was measured in this home as far as anything was. Pure.
 * @param waitedMs from that moment to the decision
 */
export function expectOutage(
  action: Decision["action"],
  waitedMs: number,
  history: readonly HandoverSummary[],
): ExpectedOutage {
  if (action === "restart") {
    const restarts = typical(history, "restart");
    if (restarts !== undefined) return { ms: waitedMs + restarts, basis: "restarts" };
    return { ms: waitedMs + NOT_MEASURED_MS.restart, basis: "default" };
  }
  // A failover's outage holds its own wait. One that was over sooner than this wait says nothing of it.
  const failovers = typical(history, "failover", waitedMs);
  if (failovers !== undefined) return { ms: failovers, basis: "failovers" };
  const switchovers = typical(history, "switchover");
  if (switchovers !== undefined) return { ms: waitedMs + switchovers, basis: "switchovers" };
  return { ms: waitedMs + NOT_MEASURED_MS.takeOver, basis: "default" };
}

/** The middle one of the newest measured outages above `least`; of two the longer. In ms. */
function typical(history: readonly HandoverSummary[], kind: HandoverSummary["kind"], least = 0): number | undefined {
  const outages = history
    .filter((past) => past.kind === kind && past.outcome === "done")
    .flatMap(({ outageMs }) => (outageMs !== undefined && outageMs > least ? [outageMs] : []))
    .slice(0, MEASURED)
    .toSorted((a, b) => a - b);
  return outages[Math.floor(outages.length / 2)];
}
