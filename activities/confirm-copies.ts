import { readCoordinatorState } from "../generations/node-state.ts";
import { verifyGeneration } from "../generations/stored-generations.ts";
import { UnderstudyError } from "../model/errors.ts";
import { readNodeSide } from "../node/facts.ts";
import type { SyncActivities } from "../workflows/activity-types.ts";
import type { Copy } from "../workflows/contract.ts";
import { inForce } from "../workflows/service-control.ts";
import { isListeningDue, mayWriteRadio, whyNoSync } from "../workflows/sync-rules.ts";
import { unchangedGeneration } from "./capture-live.ts";
import { referenceTo } from "./node/generation-ref.ts";
import { hindranceToWriting } from "./node/idle-coordinator.ts";
import { step } from "./support/step.ts";
import { access, showAtWork } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";
import { serviceState, tellCopy } from "./sync-link.ts";

/**
 * Looks whether there is anything for a sync to do, and where not, tells `service` that the copies are fresh. On the nodes it writes
 * no more than this controller's mark. It uses no coordinator and is over within seconds, so that it needs no lock and may run as a
 * local activity: an idle home costs little. What is not as it should be, or cannot be seen, is left to a sync; once an hour
 * everything is, since a standby listens then.
 */
export function confirmCopies(world: World): SyncActivities["confirmCopies"] {
  return ({ service }) =>
    step(async (signal) => {
      const state = inForce(await serviceState(world, service, signal), new Date());
      const { holder: active, epoch, copies, offline } = state;
      const skipped = whyNoSync(state, "schedule");
      if (skipped !== undefined || active === undefined) return { skipped: skipped ?? "Nobody serves." };
      const standbys = world.nodeNames(service).filter((name) => name !== active && !offline[name]);
      const mayWrite = world.remembered(service).automation.sync.preload && mayWriteRadio(state, "schedule");
      const at = new Date();
      if (!standbys.every((node) => isSettled(copies[node], mayWrite, at))) return {};

      try {
        const serving = await access(world, { service, node: active, epoch });
        await showAtWork(serving, epoch, signal);
        if ((await serving.manager.status(signal)).state !== "running")
          return { skipped: `Zigbee2MQTT does not run on ${active}.` };
        const manifest = await unchangedGeneration(serving, signal);
        if (!manifest) return {};
        const { guardMs } = await readNodeSide(serving.host, serving.node, signal);
        const generation = referenceTo(manifest);
        const held = await Promise.all(
          standbys.map(async (node) =>
            holds(world, await access(world, { service, node, epoch }), generation.id, copies[node], signal),
          ),
        );
        if (!held.every(Boolean)) return {};
        const guard = guardMs === undefined ? {} : { guard: { node: active, afterMs: guardMs } };
        for (const node of standbys) {
          const { guard: _before, ...known } = copies[node] as Copy;
          const copy = { ...known, ...guard, generation, at: at.toISOString() };
          await tellCopy(world.client, { service, node, copy, ifEpoch: epoch });
        }
        const found = standbys.map((node) => ({ node, preloaded: copies[node]?.preloaded === true }));
        return { fresh: { active, generation, standbys: found } };
      } catch (error) {
        if (error instanceof UnderstudyError) return {};
        throw error;
      }
    });
}

/** Whether, by what `service` knows, a sync would neither write to a standby nor let it listen. */
function isSettled(copy: Copy | undefined, mayWrite: boolean, now: Date): boolean {
  if (!copy) return false;
  return !mayWrite || (copy.preloaded && !isListeningDue(copy.listenedAt, now));
}

/** Whether a standby still holds what it is known to: the generation whole, its coordinator there, idle and marked clean. */
async function holds(
  world: World,
  standby: NodeAccess,
  generation: string,
  known: Copy | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (known?.generation.id !== generation) return false;
  await verifyGeneration(standby.host, standby.node, generation, signal);
  if (!known.preloaded) return true;
  const mark = await readCoordinatorState(standby.host, standby.node, signal);
  if (mark?.state !== "clean" || mark.generation !== generation) return false;
  return (await hindranceToWriting(world, standby, signal)) === undefined;
}
