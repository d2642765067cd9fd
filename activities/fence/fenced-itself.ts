import { setTimeout as pause } from "node:timers/promises";
import { machineAnswers } from "../../hosts/reach.ts";
import { selfFenceHolds } from "../../node/self-fence.ts";
import type { GuardSeen } from "../../node/self-fence.ts";
import { STATE_QUERY, serviceId } from "../../workflows/contract.ts";
import type { ServiceState } from "../../workflows/contract.ts";
import type { NodeStep } from "../../workflows/activity-types.ts";
import type { World } from "../support/world.ts";

/** A look that is older says nothing about now. */
const FRESH_MS = 60_000;
/** The activity ends before its time is up; longer self-fences are waited for in the next round. */
const WAIT_MS = 240_000;
const ASK_EVERY_MS = 2_000;
const PING_MS = 2_000;

/**
 * Whether the old node must have stopped and silenced itself by now: waits until its time has passed, and sees meanwhile that
 * it answers nothing. False at once where it fences nothing, or answers. Takes up to four minutes.
 */
export function hasFencedItself(world: World): (input: NodeStep, signal: AbortSignal) => Promise<boolean> {
  return async (input, signal) => {
    const state = await world.client.workflow
      .getHandle(serviceId(input.service))
      .query<ServiceState>(STATE_QUERY)
      .catch(() => undefined);
    const guard = state && guardOf(state, input.node);
    const ssh = world.remembered(input.service).nodes.find(({ name }) => name === input.node)?.ssh;
    // Through a jump host its silence could not be told from the jump host's.
    if (!guard || !ssh || ssh.jump) return false;
    const began = Date.now();
    const since = cutOffSince(state, began);
    for (;;) {
      if ((await machineAnswers(ssh, PING_MS)) !== "no") return false;
      if (selfFenceHolds(guard, since, Date.now())) return true;
      if (!selfFenceHolds(guard, since, began + WAIT_MS)) return false;
      await pause(ASK_EVERY_MS, undefined, { signal });
    }
  };
}

/** The newest sight of the active node's guard. */
export function guardOf(state: ServiceState, node: string): GuardSeen | undefined {
  if (state.holder !== node) return undefined;
  const [newest] = Object.values(state.copies).toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return newest?.guardMs === undefined ? undefined : { afterMs: newest.guardMs, seenAt: newest.at };
}

/** Since when nobody has reached it, without a gap; since now where the last look is too old to tell. */
export function cutOffSince({ trouble }: ServiceState, now: number): number {
  const apart = trouble?.apartSince;
  if (!trouble || apart === undefined || now - Date.parse(trouble.at) > FRESH_MS) return now;
  return Date.parse(apart);
}
