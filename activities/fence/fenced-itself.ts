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
/** The activity has to end before its time is up; a longer self-fence is waited for in the rounds that follow. */
const WAIT_MS = 150_000;
/** A node that was watched up to then may have been in contact since. */
const WATCHED_MS = 130_000;
const ASK_EVERY_MS = 2_000;
const PING_MS = 2_000;

/**
 * Whether the old node must have stopped and silenced itself by now: waits until its time has passed, and sees meanwhile that
 * it answers nothing. False at once where it fences nothing, or answers. Takes up to three minutes.
 */
export function hasFencedItself(world: World): (input: NodeStep, signal: AbortSignal) => Promise<boolean> {
  /** By handover: since when the node has answered nobody, and when it was last seen not to. */
  const watched = new Map<string, { readonly since: number; readonly at: number }>();
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
    for (const [handover, { at }] of watched) if (began - at > WATCHED_MS) watched.delete(handover);
    const since = watched.get(input.handover)?.since ?? cutOffSince(state, began);
    if (!selfFenceHolds(guard, since, Number.MAX_SAFE_INTEGER)) return false;
    for (;;) {
      if ((await machineAnswers(ssh, PING_MS)) !== "no") {
        watched.delete(input.handover);
        return false;
      }
      const now = Date.now();
      watched.set(input.handover, { since, at: now });
      if (selfFenceHolds(guard, since, now)) return true;
      if (now - began > WAIT_MS) return false;
      await pause(ASK_EVERY_MS, undefined, { signal });
    }
  };
}

/** The newest sight of the active node's guard. */
export function guardOf(state: ServiceState, node: string): GuardSeen | undefined {
  if (state.holder !== node) return undefined;
  const [newest] = Object.values(state.copies).toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  // A copy from before the last handover tells of another node's guard.
  return newest?.guard?.node === node ? { afterMs: newest.guard.afterMs, seenAt: newest.at } : undefined;
}

/** Since when nobody has reached it, without a gap; since now where the last look is too old to tell. */
export function cutOffSince({ trouble }: ServiceState, now: number): number {
  const apart = trouble?.apartSince;
  if (!trouble || apart === undefined || now - Date.parse(trouble.at) > FRESH_MS) return now;
  return Date.parse(apart);
}
