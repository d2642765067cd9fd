import { z } from "zod";
import { NetworkKey } from "../coordinators/network-key.ts";

/** What Zigbee2MQTT's coordinator_backup.json (Open Coordinator Backup, version 1) says of the network. */
export interface CoordinatorBackup {
  readonly coordinatorIeee: string;
  readonly panId: number;
  readonly extendedPanId: string;
  readonly channel: number;
  readonly networkKey: NetworkKey;
  readonly keySequence: number;
  readonly frameCounter: number;
  /** Highest outgoing counter of the link keys, 0 where there are none. */
  readonly linkKeyCounter: number;
  /** Devices with a link key. */
  readonly keyedDevices: number;
}

const address = z.string().regex(/^[0-9a-fA-F]{16}$/);
const counter = z.number().int().min(0).max(0xffff_ffff);
const backupSchema = z.object({
  metadata: z.object({ format: z.literal("zigpy/open-coordinator-backup"), version: z.literal(1) }),
  coordinator_ieee: address,
  // Zigbee2MQTT writes it without leading zeros.
  pan_id: z.string().regex(/^[0-9a-fA-F]{1,4}$/),
  extended_pan_id: address,
  channel: z.number().int(),
  network_key: z.object({
    key: z.string().regex(/^[0-9a-fA-F]{32}$/),
    sequence_number: counter,
    frame_counter: counter,
  }),
  devices: z.array(z.object({ link_key: z.object({ tx_counter: counter }).nullish() })),
});

/** Undefined where the text is not such a backup: half a file, or the format of Zigbee2MQTT before 1.17. */
export function parseCoordinatorBackup(text: string): CoordinatorBackup | undefined {
  const parsed = backupSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const linkKeys = data.devices.flatMap((device) => (device.link_key ? [device.link_key.tx_counter] : []));
  return {
    coordinatorIeee: `0x${data.coordinator_ieee.toLowerCase()}`,
    panId: Number.parseInt(data.pan_id, 16),
    extendedPanId: `0x${data.extended_pan_id.toLowerCase()}`,
    channel: data.channel,
    networkKey: new NetworkKey(Buffer.from(data.network_key.key, "hex")),
    keySequence: data.network_key.sequence_number,
    frameCounter: data.network_key.frame_counter,
    linkKeyCounter: Math.max(0, ...linkKeys),
    keyedDevices: linkKeys.length,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
