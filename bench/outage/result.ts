import type { Fault, Part } from "./plan.ts";
import type { Mark } from "./marks.ts";

/** One thing that was done, on the node that served before (`old`) or the one that serves after (`new`). */
export interface Step {
  readonly name: string;
  readonly node: "old" | "new" | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly ms: number;
}

/** A mark of the lab, told as steps are. */
export interface Seen extends Omit<Mark, "node"> {
  readonly node: "old" | "new" | undefined;
}

/** What one run of one part measured. */
export interface Measurement {
  readonly part: Part | "cold" | "bridgeRestart";
  readonly fault?: Fault;
  readonly devices: number;
  /**
   * From the last command that the light received before to the first one after. Of a failover: from the fault; of a cold
   * start: from the order to start.
   */
  readonly ms: number;
  /** When that time began. Milliseconds since 1970. */
  readonly from: number;
  readonly steps: readonly Step[];
  readonly seen: readonly Seen[];
  /** Commands published and received in the first second after: more received than published had waited somewhere. */
  readonly firstSecond: { readonly published: number; readonly received: number };
  readonly rejoined: number;
  /** Milliseconds with two coordinators on the air. */
  readonly doubleActiveMs: number;
  readonly counterViolations: number;
}
