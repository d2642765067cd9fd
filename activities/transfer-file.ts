import { transferGeneration } from "../generations/transfer.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** Copies a generation to another node through this machine: resumable, hashed, under its name only when whole. */
export function transferFile(world: World): HandoverActivities["transferFile"] {
  return (input) =>
    step(async (signal) => {
      const [source, destination] = await Promise.all([
        access(world, { ...input, node: input.from }),
        access(world, { ...input, node: input.to }),
      ]);
      await transferGeneration(source, destination, input.generation.id, signal);
      return { bytes: input.generation.bytes };
    });
}
