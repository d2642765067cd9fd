import { counterPartial } from "../coordinators/frame-counters.ts";
import { readGenerationImage } from "../generations/stored-generations.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { writeRaised } from "./node/write-coordinator.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** Raises only the counters of a node's own coordinator, on the way back: everything else in it is still its own. */
export function raiseCounters(world: World): HandoverActivities["raiseCounters"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input.service, input.node);
      const image = input.generation
        ? await readGenerationImage(at.host, at.node, input.generation.id, signal)
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
