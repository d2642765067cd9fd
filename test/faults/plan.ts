import type { FaultClass, PlannedFault } from "./classes/fault.ts";
import { randomFrom } from "./random.ts";
import type { Random } from "./random.ts";

/** The steps of each handover, in order: a moment is a time after one of them began. */
const STEPS = {
  switchover: [
    "preflight",
    "stopNode",
    "silenceNode",
    "dumpNvram",
    "transferFile",
    "restoreNvram",
    "applyConfig",
    "startNode",
    "proveNode",
    "leaveClean",
  ],
  rehearsal: ["preflight"],
  failover: ["checkFitness", "fenceNode", "applyConfig", "restoreNvram", "raiseCounters", "startNode", "proveNode"],
} as const;

/** What is ordered, by whom. `nothing`: the fault comes by itself, and an armed home has to see to it. */
export type OrderKind = keyof typeof STEPS | "nothing";
export type OrderedBy = "the CLI" | "Temporal";

/** When a fault strikes. Without a step it strikes before the handover is ordered. */
export interface Moment {
  readonly step?: string;
  readonly afterMs: number;
}

/** One run, decided by seed and number alone. */
export interface Plan {
  readonly run: number;
  readonly kind: OrderKind;
  readonly by: OrderedBy;
  /** Understudy may restart and take over by itself. */
  readonly armed: boolean;
  readonly faultClass: FaultClass;
  readonly victim: "from" | "to";
  readonly moment: Moment;
  readonly fault: PlannedFault;
  /** All of it in words, but for the nodes' names. */
  readonly words: string;
}

/** The plan of run `run` (from 1). Every class comes once before any comes again. `only`: such handovers and no others. */
export function planRun(seed: string, run: number, classes: readonly FaultClass[], only?: OrderKind): Plan {
  const faultClass = dealt(seed, run, classes);
  const random = randomFrom(`${seed}:${run}`);
  const chosen = chooseKind(random);
  const kind = only ?? chosen;
  const by: OrderedBy = kind !== "rehearsal" && random.chance(0.35) ? "Temporal" : "the CLI";
  const armed = kind === "nothing" || random.chance(0.5);
  const moment = chooseMoment(random, kind);
  const drawn = faultClass.victims ? random.pick(faultClass.victims) : "from";
  // With nothing ordered there is only one node whose loss anybody would notice.
  const victim = kind === "nothing" ? "from" : drawn;
  const fault = faultClass.plan(random);
  const whose = faultClass.victims ? (victim === "from" ? "old node: " : "new node: ") : "";
  const when = moment.step ? `, ${moment.afterMs} ms into ${moment.step}` : kind === "nothing" ? "" : " just before";
  const order = kind === "nothing" ? "nothing ordered" : `${kind} by ${by}`;
  const words = `${order}${armed ? ", armed" : ""}; ${whose}${fault.words}${when}`;
  return { run, kind, by, armed, faultClass, victim, moment, fault, words };
}

function dealt(seed: string, run: number, classes: readonly FaultClass[]): FaultClass {
  const deck = Math.floor((run - 1) / classes.length);
  const found = shuffled(classes, randomFrom(`${seed}:deck ${deck}`))[(run - 1) % classes.length];
  if (!found) throw new RangeError("no classes of faults");
  return found;
}

function shuffled<T>(cards: readonly T[], random: Random): T[] {
  const left = [...cards];
  return cards.map(() => left.splice(random.between(0, left.length - 1), 1)[0] as T);
}

function chooseKind(random: Random): OrderKind {
  const roll = random.next();
  if (roll < 0.6) return "switchover";
  if (roll < 0.82) return "failover";
  return roll < 0.94 ? "nothing" : "rehearsal";
}

function chooseMoment(random: Random, kind: OrderKind): Moment {
  const before = random.chance(0.08);
  if (before || kind === "nothing") return { afterMs: random.between(0, 400) };
  return { step: random.pick(STEPS[kind]), afterMs: random.chance(0.4) ? 0 : random.between(0, 700) };
}
