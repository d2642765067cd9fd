import { counterPartial, highestCounters, nextCounters, raiseCounters } from "../../coordinators/frame-counters.ts";
import { readNetwork } from "../../coordinators/network.ts";
import { hashNvramImage, type NvramImage } from "../../coordinators/nvram-image.ts";
import { restorableBackup, tablesHash } from "../../coordinators/open-backup.ts";
import type { Manifest } from "../../generations/generation.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { highestOf, type FrameCounters } from "../../model/frame-counters.ts";
import type { PreloadInput } from "../../workflows/activity-types.ts";
import type { NodeAccess } from "../support/world.ts";

interface Target {
  readonly input: PreloadInput;
  readonly manifest: Manifest;
}

/** What Z-Stack keeps in its RAM only: a standby's counters are ahead of the active's while they are above this. */
const UNSAVED_FRAMES = 1000;

/** The counters to write ahead of time (I3). A take-over raises them once more, by the age of what is known then. */
export function countersWanted(highestKnown: FrameCounters, manifest: Manifest, margin: number): FrameCounters {
  return nextCounters({
    dumps: [],
    highestKnown: highestOf(highestKnown, manifest.summary.frameCounters),
    ageMs: manifest.live ? Date.now() - Date.parse(manifest.live.countersAt) : 0,
    ratePerSecond: manifest.live?.framesPerSecond ?? 0,
    margin,
  });
}

/** Whether the active coordinator may have sent counters that an image does not exceed. */
export function isBehind(image: NvramImage, highestKnown: FrameCounters, manifest: Manifest): boolean {
  const known = highestOf(highestKnown, manifest.summary.frameCounters);
  const held = highestCounters(image);
  const hasLinkKeys = manifest.summary.keyedDevices > 0;
  return (
    held.network < known.network + UNSAVED_FRAMES || (hasLinkKeys && held.linkKeys < known.linkKeys + UNSAVED_FRAMES)
  );
}

/** Raises the counters of an idle coordinator that holds the network already. Returns its image. */
export async function writeCounters(
  at: NodeAccess,
  { image, input, manifest }: Target & { image: NvramImage },
): Promise<NvramImage> {
  const raised = raiseCounters(image, countersWanted(input.highestCounters, manifest, at.service.policy.counterMargin));
  await at.coordinator.write(counterPartial(raised));
  return raised;
}

/**
 * Makes the network of a backup that of an idle coordinator, reads it back and compares. Returns its image.
 * @throws UnderstudyError COORDINATOR_VERIFY_FAILED, and what Coordinator.restore and write throw.
 */
export async function writeNetwork(
  at: NodeAccess,
  { input, manifest, backup, tables }: Target & { backup: string; tables: string },
): Promise<NvramImage> {
  const { coordinator, node, service } = at;
  const target = countersWanted(input.highestCounters, manifest, service.policy.counterMargin);
  const image = await coordinator.restore(restorableBackup(backup, target));
  const network = readNetwork(image);
  const { coordinatorIeee, extendedPanId } = manifest.summary;
  const isThere =
    network.formed && network.coordinatorIeee === coordinatorIeee && network.extendedPanId === extendedPanId;
  if (!isThere || tablesHash(await coordinator.backup()) !== tables) {
    throw new UnderstudyError("COORDINATOR_VERIFY_FAILED", {
      node: node.name,
      what: `The coordinator at ${node.coordinator.port} does not hold the network that was restored to it.`,
      next: "nothing at once: it is never started so, and the next sync writes it again. If it stays so, flash its firmware anew.",
    });
  }
  // What restoring left low: the copy beside the active key, and the entry for any network.
  const raised = raiseCounters(image, target);
  if (hashNvramImage(raised) !== hashNvramImage(image)) await coordinator.write(counterPartial(raised));
  return raised;
}
