import { FAULTS, PARTS } from "./plan.ts";
import type { Fault } from "./plan.ts";
import type { Measurement } from "./result.ts";
import type { Summary } from "./report.ts";

/** One bar of the plot, one line of the table. */
export interface TableRow {
  readonly part: Measurement["part"];
  readonly fault?: Fault;
  readonly what: string;
  /** Null: not measured. */
  readonly ms: number | null;
}

/** All that is measured in homes of the first size, in the order in which it is shown. */
export function rowsOf(summary: Summary): TableRow[] {
  return [
    { part: "a", what: PARTS.a, ms: summary.restartMs },
    { part: "b", what: PARTS.b, ms: summary.prototypeMs },
    { part: "c", what: PARTS.c, ms: summary.zigpyMs },
    { part: "d", what: PARTS.d, ms: summary.switchoverMs },
    ...(Object.keys(FAULTS) as Fault[]).map((fault) => ({
      part: "e" as const,
      fault,
      what: `${PARTS.e}: ${FAULTS[fault]}`,
      ms: summary.failoverMs[fault],
    })),
    { part: "cold", what: "a cold start of Zigbee2MQTT", ms: summary.coldStartMs },
    { part: "bridgeRestart", what: "bridge/request/restart", ms: summary.bridgeRestartMs },
  ];
}
