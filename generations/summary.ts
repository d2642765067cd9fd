import { highestCounters } from "../coordinators/frame-counters.ts";
import { readNetwork } from "../coordinators/network.ts";
import type { NvramImage } from "../coordinators/nvram-image.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { CoordinatorBackup } from "./coordinator-backup.ts";
import type { GenerationSummary, NodePaths } from "./generation.ts";

/**
 * What a generation's manifest says of the network in an image.
 * @throws UnderstudyError GENERATION_INVALID where it holds none.
 */
export function summarizeNetwork(node: NodePaths, image: NvramImage): Omit<GenerationSummary, "databaseDevices"> {
  const network = readNetwork(image);
  if (!network.formed) {
    throw new UnderstudyError("GENERATION_INVALID", {
      node: node.name,
      what: "The coordinator's NVRAM holds no network, so there is nothing to hand over.",
      next: "check that this is the coordinator which serves the home.",
    });
  }
  return {
    coordinatorIeee: network.coordinatorIeee,
    panId: network.panId,
    extendedPanId: network.extendedPanId,
    channel: network.channel,
    keySequence: network.keySequence,
    keyFingerprint: network.networkKey.fingerprint(),
    keyedDevices: network.keyedDevices,
    frameCounters: highestCounters(image),
  };
}

/** The same of a network as Zigbee2MQTT's backup tells it. */
export function summarizeBackup(backup: CoordinatorBackup, databaseDevices: number): GenerationSummary {
  const { networkKey, frameCounter, linkKeyCounter, ...network } = backup;
  return {
    ...network,
    keyFingerprint: networkKey.fingerprint(),
    databaseDevices,
    frameCounters: { network: frameCounter, linkKeys: linkKeyCounter },
  };
}
