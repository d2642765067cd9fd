import { randomBytes, randomInt } from "node:crypto";
import type { NetworkIdentity } from "./configuration.ts";

/** Channels that do not overlap with the usual three of Wi-Fi. */
const CHANNELS = [15, 20, 25] as const;

/** What a careful owner rolls once for a new network. */
export function createNetwork(): NetworkIdentity {
  return {
    networkKey: [...randomBytes(16)],
    // 0xffff means none, and 0x1a62 is what everyone has who did not choose.
    panId: randomInt(0x0001, 0x1a61),
    extendedPanId: [...randomBytes(8)],
    channel: CHANNELS[randomInt(CHANNELS.length)] ?? 15,
  };
}
