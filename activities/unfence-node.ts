import { setTimeout as pause } from "node:timers/promises";
import { isPower } from "../config/fencing.ts";
import type { PowerRung } from "../config/fencing.ts";
import type { RungResult } from "../fencing/ladder.ts";
import { powerSwitch } from "../fencing/make-switch.ts";
import { nameRung } from "../config/name-rung.ts";
import { switchTo } from "../fencing/power-switch.ts";
import { sshGreets } from "../fencing/ssh-greets.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { FailoverActivities } from "../workflows/activity-types.ts";
import { fencedNode, provenMappings, unprovenMapping } from "./fence/fenced-node.ts";
import { requireStillWanted } from "./support/still-wanted.ts";
import { step } from "./support/step.ts";
import type { World } from "./support/world.ts";

const GREETING_MS = 2_000;
const POLL_MS = 1_000;
/** For a small machine to boot. */
const BOOT_MS = 240_000;

/**
 * Switches every rung of the node on again and waits until the node greets. A node that greets is no reason to leave one out: its
 * order may have been given a moment ago, or have taken the power of another machine. Rejects FENCING_FAILED where the node does
 * not greet and a rung that may have switched it off does not switch on, HOST_UNREACHABLE where it does not come up.
 */
export function unfenceNode(world: World): FailoverActivities["unfenceNode"] {
  return (input) =>
    step(async (signal) => {
      const { config } = fencedNode(world, input.service, input.node);
      const proven = await provenMappings(world.client, input.service, input.node);
      // A rung that may not be used has switched nothing off.
      const used = config.fencing
        .filter(isPower)
        .filter((rung) => rung.trusted || !unprovenMapping(rung, config, proven));
      const rungs: RungResult[] = [];
      let failure: UnderstudyError | undefined;
      for (const rung of used) {
        const error = await switchedOn(world, rung, signal);
        rungs.push({
          rung: nameRung(rung),
          proves: rung.proves,
          ok: !error,
          detail: error?.what ?? "the device reads on",
        });
        failure ??= error;
      }
      if (await greets(config.ssh, signal)) return { selfFenced: false, rungs };
      throw failure ?? didNotComeUp(config.name);
    });
}

async function switchedOn(world: World, rung: PowerRung, signal: AbortSignal): Promise<UnderstudyError | undefined> {
  const mayOrder = () => requireStillWanted(world.client);
  try {
    await switchTo(powerSwitch(rung), "on", { timeoutMs: rung.timeoutMs, signal, mayOrder });
    return undefined;
  } catch (error) {
    if (error instanceof UnderstudyError && error.id !== "EPOCH_SUPERSEDED") return error;
    throw error;
  }
}

async function greets(ssh: Parameters<typeof sshGreets>[0], signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + BOOT_MS;
  while (performance.now() < deadline) {
    // Behind a jump host it cannot be told; the next step finds out.
    if ((await sshGreets(ssh, GREETING_MS)) !== "no") return true;
    await pause(POLL_MS, undefined, { signal });
  }
  return false;
}

function didNotComeUp(node: string): UnderstudyError {
  return new UnderstudyError("HOST_UNREACHABLE", {
    node,
    what: "It has its power back, but does not answer.",
    next: "look at it: it may not boot, or wait for somebody to press its button.",
  });
}
