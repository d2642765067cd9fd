import { rollbackData } from "../generations/data-directory.ts";
import { removeGenerations } from "../generations/prune.ts";
import { findManifest, listGenerations } from "../generations/stored-generations.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** Puts the standby's data directory back; where no generation of this handover is applied there is nothing to do. */
export function undoApplyConfig(world: World): HandoverActivities["undoApplyConfig"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      for (const id of await generationsOf(at, input.madeIn, signal)) await rollbackData(at.host, at.node, id, signal);
    });
}

/** Removes the generations that this handover brought to the node from another one. */
export function undoTransferFile(world: World): HandoverActivities["undoTransferFile"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      const brought: string[] = [];
      for (const id of await generationsOf(at, input.madeIn, signal)) {
        const manifest = await findManifest(at.host, at.node, id, signal);
        if (manifest && manifest.sourceNode !== at.node.name) brought.push(id);
      }
      await removeGenerations(at.host, at.node, brought, { unfinishedOfEpoch: input.madeIn });
    });
}

/** Ids name the epoch of the handover that made them. */
async function generationsOf({ host, node }: NodeAccess, epoch: number, signal: AbortSignal): Promise<string[]> {
  return (await listGenerations(host, node, signal)).filter((id) => id.includes(`-e${epoch}-`));
}
