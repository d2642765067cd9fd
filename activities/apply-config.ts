import { applyGeneration } from "../generations/apply.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** The generation becomes the data directory, with this node's own values put in; swapped so that a kill leaves old or new. */
export function applyConfig(world: World): HandoverActivities["applyConfig"] {
  return (input) =>
    step(async (signal) => {
      const { host, node } = await access(world, input);
      const { manifest, replaced } = await applyGeneration(host, node, input.generation.id, signal);
      return { files: manifest.files.length, ...(replaced ? { replaced } : {}) };
    });
}
