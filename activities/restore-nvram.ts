import { judgeStick } from "../coordinators/admission.ts";
import { readNetwork } from "../coordinators/network.ts";
import { readCoordinatorState } from "../generations/node-state.ts";
import { readGenerationImage, verifyGeneration } from "../generations/stored-generations.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { writeRaised } from "./node/write-coordinator.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/**
 * Writes a generation's image into the standby's coordinator: cleared, written with raised counters, read back, compared. The
 * stick must be the one that the preflight admitted (I11); where it cannot be told by its serial number it is read once more.
 */
export function restoreNvram(world: World): HandoverActivities["restoreNvram"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      await verifyGeneration(at.host, at.node, input.generation.id, signal);
      const image = await readGenerationImage(at.host, at.node, input.generation.id, signal);
      if (
        input.admitted.serialNumber === undefined ||
        input.admitted.serialNumber !== at.node.coordinator.serialNumber
      ) {
        await requireOurs(at, readNetwork(image), input.admitted.enrolled, signal);
      }
      const counters = await writeRaised(at, {
        image,
        generation: input.generation.id,
        above: input.highestCounters,
        write: (raised) => at.coordinator.replace(raised, signal),
        signal,
      });
      return { counters };
    });
}

async function requireOurs(
  at: NodeAccess,
  network: ReturnType<typeof readNetwork>,
  enrolled: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!network.formed) return;
  const dirty = (await readCoordinatorState(at.host, at.node, signal))?.state === "dirty";
  const admission = judgeStick(await at.coordinator.dump(signal), network, { enrolled, dirty });
  if (admission.allowed) return;
  throw new UnderstudyError("COORDINATOR_FOREIGN", {
    node: at.node.name,
    what: `${admission.reason} It is not the stick that was checked before.`,
    next: "plug in this node's own stick, then start the switchover again.",
  });
}
