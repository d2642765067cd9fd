import { z } from "zod";
import { counterItems } from "../counter-items.ts";
import { readNetwork } from "../network.ts";
import { EUI64_ALL, readNib, withNetwork } from "../nib.ts";
import type { NvramImage, NvramItems } from "../nvram-image.ts";
import { rowName } from "./item-names.ts";
import {
  ADDRESS_USER,
  addressRow,
  apsKeyRow,
  EMPTY_ADDRESS,
  EMPTY_APS_KEY,
  EMPTY_CHILD,
  EMPTY_NETWORK_COUNTER,
  EMPTY_TRUST_CENTER_KEY,
  hex32,
  hex8,
  linkKeyOf,
  linksItem,
  networkCounterRow,
  NO_ADDRESS,
  readAddressRow,
  readApsKeyRow,
  readTrustCenterKeyRow,
  shiftOf,
  trustCenterKeyRow,
  turned,
  type ApsKeyRow,
  type LinkRow,
  type TrustCenterKeyRow,
} from "./rows.ts";

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`))
    .transform((text) => text.toLowerCase());
const counter = z.number().int().min(0).max(0xffff_ffff);
const linkKeySchema = z.looseObject({ key: hex(16), tx_counter: counter, rx_counter: counter });
const backupSchema = z.looseObject({
  coordinator_ieee: hex(8),
  pan_id: hex(2),
  extended_pan_id: hex(8),
  nwk_update_id: z.number().int().min(0).max(0xff),
  security_level: z.number().int().min(0).max(7),
  channel: z.number().int().min(11).max(26),
  channel_mask: z.array(z.number().int().min(11).max(26)),
  network_key: z.looseObject({
    key: hex(16),
    sequence_number: z.number().int().min(0).max(0xff),
    frame_counter: counter,
  }),
  stack_specific: z.looseObject({ zstack: z.looseObject({ tclk_seed: hex(16) }).nullish() }).nullish(),
  devices: z.array(
    z.looseObject({
      ieee_address: hex(8),
      nwk_address: hex(2).nullish(),
      /** zigpy takes a device without this for a child. */
      is_child: z.boolean().default(true),
      link_key: linkKeySchema.nullish(),
    }),
  ),
});

/** What of an Open Coordinator Backup goes into a coordinator. */
export type Backup = z.infer<typeof backupSchema>;
type Device = Backup["devices"][number];
type KeyedDevice = Device & { readonly link_key: z.infer<typeof linkKeySchema> };

/** Why an image cannot hold a backup's network; the words end a sentence about the coordinator. */
export class DoesNotFit extends Error {}

/** Undefined where the text is no backup; nothing of it may be told, for it holds keys. */
export function parseBackup(text: string): Backup | undefined {
  try {
    return backupSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether an image can take this network without a new formation: it holds it already, in the tables of Z-Stack 3.x.0. */
export function holdsNetworkOf(image: NvramImage, backup: Backup): boolean {
  const network = readNetwork(image);
  if (!network.formed || !image["ADDRMGR"]) return false;
  return (
    network.coordinatorIeee === `0x${backup.coordinator_ieee}` &&
    network.extendedPanId === `0x${backup.extended_pan_id}`
  );
}

/**
 * The image with a backup's network, keys, counters and devices in it. Devices keep their rows, for other tables refer to them;
 * counters that are higher stay. A device that has neither a key nor the coordinator for its parent is left out: there is no
 * row for such.
 * @param found an image with a network in the tables of Z-Stack 3.x.0, whichever network that is
 * @throws DoesNotFit
 */
export function restoredImage(found: NvramImage, backup: Backup): NvramImage {
  const seed = backup.stack_specific?.zstack?.tclk_seed ?? seedOf(backup) ?? found.LEGACY["TCLK_SEED"] ?? "";
  const devices = backup.devices.filter((device) => device.link_key || device.is_child);
  const ADDRMGR = addressTable(found, devices);
  const keyed = devices.filter((device): device is KeyedDevice => Boolean(device.link_key));
  const seeded = keyed.filter((device) => shift(seed, device) !== undefined);
  const own = keyed.filter((device) => shift(seed, device) === undefined);
  const held = Object.values(found["APS_KEY_DATA_TABLE"] ?? {}).map(readApsKeyRow);
  return {
    ...found,
    LEGACY: {
      ...found.LEGACY,
      ...networkItems(found, backup),
      TCLK_SEED: seed,
      APS_LINK_KEY_TABLE: linkTable(found, ADDRMGR, own),
    },
    ADDRMGR,
    DEVICE_LIST: childTable(found["DEVICE_LIST"] ?? {}, ADDRMGR),
    TCLK_TABLE: trustCenterTable(found, seeded, seed),
    APS_KEY_DATA_TABLE: filled(
      found["APS_KEY_DATA_TABLE"],
      own.map((device) => ownKeyRow(device, held)),
      EMPTY_APS_KEY,
      "APS_KEY_DATA_TABLE",
    ),
    NWK_SEC_MATERIAL_TABLE: counterTable(found, backup),
  };
}

function networkItems(found: NvramImage, backup: Backup): NvramItems {
  const nib = Buffer.from(found.LEGACY["NIB"] ?? "", "hex");
  const mask = backup.channel_mask.reduce((bits, channel) => (bits | (1 << channel)) >>> 0, 0);
  const network = withNetwork(nib, {
    channel: backup.channel,
    panId: Number.parseInt(backup.pan_id, 16),
    channelMask: mask,
    extendedPanId: `0x${backup.extended_pan_id}`,
    keyLoaded: true,
    updateId: backup.nwk_update_id,
    securityLevel: backup.security_level,
  });
  if (!network || !readNib(network)) throw new DoesNotFit("it holds no network of a known form to put another into");
  const keyInfo = `${hex8(backup.network_key.sequence_number)}${backup.network_key.key}`;
  return {
    NIB: network.toString("hex"),
    EXTADDR: turned(backup.coordinator_ieee),
    PANID: turned(backup.pan_id),
    EXTENDED_PAN_ID: turned(backup.extended_pan_id),
    APS_USE_EXT_PANID: turned(backup.extended_pan_id),
    CHANLIST: hex32(mask),
    PRECFGKEY: backup.network_key.key,
    // Zigbee2MQTT wants the key to be given to each device that joins.
    PRECFGKEYS_ENABLE: "00",
    NWK_ACTIVE_KEY_INFO: keyInfo,
    NWK_ALTERN_KEY_INFO: keyInfo,
    NWKKEY: `${keyInfo}ffffff${hex32(networkCounter(found, backup))}`,
    LOGICAL_TYPE: "00",
    ZDO_DIRECT_CB: "01",
    STARTUP_OPTION: "00",
    BDBNODEISONANETWORK: "01",
    HAS_CONFIGURED_ZSTACK3: "55",
  };
}

/** The network's own counter, and the one for any network; a stick that has been further stays there. */
function counterTable(found: NvramImage, backup: Backup): NvramItems {
  const rows = Object.keys(found["NWK_SEC_MATERIAL_TABLE"] ?? {});
  const value = networkCounter(found, backup);
  const table = filled(
    found["NWK_SEC_MATERIAL_TABLE"],
    [networkCounterRow(value, turned(backup.extended_pan_id))],
    EMPTY_NETWORK_COUNTER,
    "NWK_SEC_MATERIAL_TABLE",
  );
  return { ...table, [rows.at(-1) ?? rowName(0)]: networkCounterRow(value, EUI64_ALL.slice(2)) };
}

function networkCounter(found: NvramImage, backup: Backup): number {
  const held = counterItems(found)
    .filter(({ owner }) => owner === `0x${backup.extended_pan_id}`)
    .map(({ value }) => value);
  return Math.max(backup.network_key.frame_counter, ...held);
}

function addressTable(found: NvramImage, devices: readonly Device[]): NvramItems {
  const present = found["ADDRMGR"] ?? {};
  const table: Record<string, string> = {};
  const left = new Map(devices.map((device) => [turned(device.ieee_address), device]));
  for (const [row, value] of Object.entries(present)) {
    const device = left.get(readAddressRow(value)?.ieee ?? "");
    table[row] = device ? deviceRow(device) : EMPTY_ADDRESS;
    if (device) left.delete(turned(device.ieee_address));
  }
  const free = Object.keys(table).filter((row) => table[row] === EMPTY_ADDRESS);
  for (const device of left.values()) {
    const row = free.shift();
    if (row === undefined) throw new DoesNotFit(`it has room for ${Object.keys(table).length} devices only`);
    table[row] = deviceRow(device);
  }
  return table;
}

function deviceRow(device: Device): string {
  return addressRow({
    user: (device.is_child ? ADDRESS_USER.CHILD : 0) | (device.link_key ? ADDRESS_USER.SECURITY : 0),
    address: device.nwk_address ? Number.parseInt(device.nwk_address, 16) : NO_ADDRESS,
    ieee: turned(device.ieee_address),
  });
}

/** Children that are still in the row of the address manager to which their entry refers; the others find their parent anew. */
function childTable(present: NvramItems, addresses: NvramItems): NvramItems {
  return Object.fromEntries(
    Object.entries(present).map(([row, value]) => {
      const entry = Buffer.from(value, "hex");
      const device = readAddressRow(addresses[rowName(entry.readUInt16LE(2))] ?? EMPTY_ADDRESS);
      const same = device && (device.user & ADDRESS_USER.CHILD) !== 0 && device.address === entry.readUInt16LE(0);
      return [row, same ? value : EMPTY_CHILD];
    }),
  );
}

/** Rows that hold these devices already stay where they are, with counters not lower than they have. */
function trustCenterTable(found: NvramImage, devices: readonly KeyedDevice[], seed: string): NvramItems {
  const present = found["TCLK_TABLE"] ?? {};
  const left = new Map(devices.map((device) => [turned(device.ieee_address), seededRow(device, seed)]));
  const table: Record<string, string> = {};
  for (const [row, value] of Object.entries(present)) {
    const held = readTrustCenterKeyRow(value);
    const wanted = left.get(held?.ieee ?? "");
    const merged = held && wanted && mergedKey(held, wanted, found.LEGACY["TCLK_SEED"], seed);
    table[row] = merged ? trustCenterKeyRow(merged) : EMPTY_TRUST_CENTER_KEY;
    if (held && wanted) left.delete(held.ieee);
  }
  const free = Object.keys(table).filter((row) => table[row] === EMPTY_TRUST_CENTER_KEY);
  for (const wanted of left.values()) {
    const row = free.shift();
    if (row === undefined) throw new DoesNotFit(`it has room for ${Object.keys(table).length} link keys only`);
    table[row] = trustCenterKeyRow(wanted);
  }
  return table;
}

/** Counters go with a key: under the same one they only grow. */
function mergedKey(
  held: TrustCenterKeyRow,
  wanted: TrustCenterKeyRow,
  heldSeed: string | undefined,
  seed: string,
): TrustCenterKeyRow {
  const same = linkKeyOf(heldSeed ?? "", held.ieee, held.shift) === linkKeyOf(seed, wanted.ieee, wanted.shift);
  return same
    ? { ...wanted, sent: Math.max(held.sent, wanted.sent), received: Math.max(held.received, wanted.received) }
    : wanted;
}

function seededRow(device: KeyedDevice, seed: string): TrustCenterKeyRow {
  const { tx_counter: sent, rx_counter: received } = device.link_key;
  return { ieee: turned(device.ieee_address), sent, received, shift: shift(seed, device) ?? 0 };
}

/** As for the others: under the key that the stick holds already, counters do not fall. */
function ownKeyRow({ link_key: linkKey }: KeyedDevice, held: readonly ApsKeyRow[]): string {
  const same = held.filter(({ key }) => key === linkKey.key);
  return apsKeyRow({
    key: linkKey.key,
    sent: Math.max(linkKey.tx_counter, ...same.map(({ sent }) => sent)),
    received: Math.max(linkKey.rx_counter, ...same.map(({ received }) => received)),
  });
}

/** Which rows of the address manager the keys of their own belong to. */
function linkTable(found: NvramImage, addresses: NvramItems, own: readonly KeyedDevice[]): string {
  const rows = Object.values(addresses).map((row) => readAddressRow(row)?.ieee);
  const links: LinkRow[] = own.map((device, keyIndex) => ({
    addressIndex: rows.indexOf(turned(device.ieee_address)),
    keyIndex,
  }));
  const present = found.LEGACY["APS_LINK_KEY_TABLE"];
  const item = linksItem(links, (present?.length ?? 40) / 2);
  if (item === undefined) throw new DoesNotFit("it has too little room for link keys that devices brought along");
  return item;
}

/** A table of as many rows as there are, with these first and the rest empty. */
function filled(present: NvramItems | undefined, values: readonly string[], empty: string, name: string): NvramItems {
  const rows = Object.keys(present ?? {});
  if (values.length > rows.length) throw new DoesNotFit(`its ${name} has room for ${rows.length} only`);
  return Object.fromEntries(rows.map((row, index) => [row, values[index] ?? empty]));
}

/** The seed that most of the keys were made of, turned in any way; undefined without keys. */
function seedOf(backup: Backup): string | undefined {
  const keyed = backup.devices.filter((device): device is KeyedDevice => Boolean(device.link_key));
  const seeds = keyed.map((device) => linkKeyOf(device.link_key.key, turned(device.ieee_address), 0));
  const matches = (seed: string): number => keyed.filter((device) => shift(seed, device) !== undefined).length;
  return seeds.toSorted((a, b) => matches(b) - matches(a))[0];
}

function shift(seed: string, device: KeyedDevice): number | undefined {
  return shiftOf(seed, turned(device.ieee_address), device.link_key.key);
}
