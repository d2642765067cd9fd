import { counterPartial } from "../coordinators/frame-counters.ts";
import type { NvramImage } from "../coordinators/nvram-image.ts";
import { readGenerationImage, verifyGeneration } from "../generations/stored-generations.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { writeRaised } from "./node/write-coordinator.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** Raises only the counters of a node's own coordinator, on the way back: everything else in it is still its own. */
export function raiseCounters(world: World): HandoverActivities["raiseCounters"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      const image = input.generation
        ? await dumped(at, input.generation.id, signal)
        : await at.coordinator.dump(signal);
      const counters = await writeRaised(at, {
        image,
        generation: input.generation?.id ?? `way-back-${input.handover}`,
        above: input.above,
        write: (raised) => at.coordinator.write(counterPartial(raised), signal),
        signal,
      });
      return { counters };
    });
}

/** The counters stand in items that hold keys as well, so none of a damaged copy is written. */
async function dumped({ host, node }: NodeAccess, generation: string, signal: AbortSignal): Promise<NvramImage> {
  await verifyGeneration(host, node, generation, signal);
  return readGenerationImage(host, node, generation, signal);
}
