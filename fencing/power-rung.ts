import { setTimeout as pause } from "node:timers/promises";
import type { PowerRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import { suffices } from "../model/fence.ts";
import type { FenceProof } from "../model/fence.ts";
import type { LadderRung } from "./ladder.ts";
import { powerSwitch } from "./make-switch.ts";
import { nameRung } from "../config/name-rung.ts";
import { switchTo } from "./power-switch.ts";

/** What a rung that switches power must know beside its device. */
export interface PowerRungFacts {
  /** As far as this node goes: see `provesHere`. */
  readonly proves: FenceProof;
  /** Why it may not be used now; undefined where it may. */
  readonly refusal: (signal: AbortSignal) => Promise<UnderstudyError | undefined>;
  /** Rejects where nobody wants it switched off any more. Asked before each order. */
  readonly mayOrder: () => Promise<void>;
  /** Whether what it powers still answers over the network. */
  readonly answers: () => Promise<"yes" | "no" | "unknown">;
}

/** How long a host may live on after its power was cut, and a network may need to notice. */
const GONE_WITHIN_MS = 10_000;
const POLL_MS = 500;
const OWN_POWER = ", but the coordinator is on the network and has power of its own";

/**
 * Switches the node off by a device and proves it twice: the device reads off, and what it powers answers no more. A node that
 * goes on answering is powered by something else, so whatever was switched off instead gets its power back.
 */
export function powerRung(rung: PowerRung, facts: PowerRungFacts): LadderRung {
  return {
    name: nameRung(rung),
    proves: facts.proves,
    async prove(signal) {
      const refusal = await facts.refusal(signal);
      if (refusal) throw refusal;
      const device = powerSwitch(rung);
      await switchTo(device, "off", { timeoutMs: rung.timeoutMs, signal, mayOrder: facts.mayOrder });
      if (!suffices(facts.proves)) return `the device reads off${rung.proves === facts.proves ? "" : OWN_POWER}`;
      if (await isGone(facts.answers, signal)) return "the device reads off, and what it powers answers no more";
      await switchTo(device, "on", { timeoutMs: rung.timeoutMs, signal }).catch(() => signal.throwIfAborted());
      throw new UnderstudyError("FENCING_FAILED", {
        what: "The device reads off, but the node still answers: it has its power from somewhere else. It was switched on again.",
        next: "correct the rung in understudy.yaml, then prove it with `understudy fence test`.",
      });
    },
  };
}

async function isGone(answers: PowerRungFacts["answers"], signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    if ((await answers()) !== "yes") return true;
    if (performance.now() > deadline) return false;
    await pause(POLL_MS, undefined, { signal });
  }
}
