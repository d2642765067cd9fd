import { createHash } from "node:crypto";
import { z } from "zod";
import { UnderstudyError } from "../model/errors.ts";
import type { FrameCounters } from "../model/frame-counters.ts";

/** What of an Open Coordinator Backup zigpy-znp restores. Everything else in it is passed on as it is. */
const backupSchema = z.looseObject({
  coordinator_ieee: z.string(),
  pan_id: z.string(),
  extended_pan_id: z.string(),
  nwk_update_id: z.number(),
  security_level: z.number(),
  channel: z.number(),
  network_key: z.looseObject({ key: z.string(), sequence_number: z.number(), frame_counter: z.number() }),
  stack_specific: z.looseObject({ zstack: z.looseObject({ tclk_seed: z.string() }).nullish() }).nullish(),
  devices: z.array(
    z.looseObject({
      ieee_address: z.string(),
      nwk_address: z.string().nullish(),
      link_key: z.looseObject({ key: z.string(), tx_counter: z.number() }).nullish(),
    }),
  ),
});
type Backup = z.infer<typeof backupSchema>;

/** As both programs write it where a device has none. */
const NO_ADDRESS = "fffe";

/**
 * Zigbee2MQTT's coordinator backup in the form that zigpy-znp restores, with its counters raised: short addresses of four digits
 * (Zigbee2MQTT leaves leading zeros out), and no link keys that are null. A counter that is higher already stays.
 * @throws UnderstudyError GENERATION_INVALID, without anything of the text, for it holds keys.
 */
export function restorableBackup(text: string, counters: FrameCounters): string {
  const backup = parse(text);
  return JSON.stringify({
    ...backup,
    pan_id: fourDigits(backup.pan_id),
    network_key: {
      ...backup.network_key,
      frame_counter: Math.max(backup.network_key.frame_counter, counters.network),
    },
    devices: backup.devices.map(({ link_key: linkKey, nwk_address: address, ...device }) => ({
      ...device,
      nwk_address: typeof address === "string" ? fourDigits(address) : null,
      ...(linkKey ? { link_key: { ...linkKey, tx_counter: Math.max(linkKey.tx_counter, counters.linkKeys) } } : {}),
    })),
  });
}

/**
 * SHA-256 of what a coordinator must hold beside its counters: the network, its key, and the devices with link keys of their
 * own. Equal whichever program wrote the backup. Left out is what restoring does not bring back (devices without a key) and what
 * changes by itself (whose child a device is).
 * @throws UnderstudyError GENERATION_INVALID, as above.
 */
export function tablesHash(text: string): string {
  const backup = parse(text);
  const devices = backup.devices
    .flatMap(({ ieee_address: ieee, nwk_address: address, link_key: linkKey }) =>
      linkKey ? [[lower(ieee), known(address), lower(linkKey.key)]] : [],
    )
    .toSorted(([a = ""], [b = ""]) => (a ?? "").localeCompare(b ?? ""));
  const tables = [
    lower(backup.coordinator_ieee),
    fourDigits(backup.pan_id),
    lower(backup.extended_pan_id),
    backup.channel,
    lower(backup.network_key.key),
    backup.network_key.sequence_number,
    lower(backup.stack_specific?.zstack?.tclk_seed ?? ""),
    devices,
  ];
  return createHash("sha256").update(JSON.stringify(tables)).digest("hex");
}

function parse(text: string): Backup {
  try {
    return backupSchema.parse(JSON.parse(text));
  } catch {
    // Neither the text nor what is wrong with it may go on: both can hold keys.
    throw new UnderstudyError("GENERATION_INVALID", {
      what: `What was read as a coordinator's backup (${text.length} characters) is none.`,
      next: "restart Zigbee2MQTT once, which writes coordinator_backup.json anew.",
    });
  }
}

function known(address: string | null | undefined): string | null {
  const digits = typeof address === "string" ? fourDigits(address) : NO_ADDRESS;
  return digits === NO_ADDRESS ? null : digits;
}

function fourDigits(address: string): string {
  return lower(address).padStart(4, "0");
}

function lower(text: string): string {
  return text.toLowerCase();
}
