import { counterItems } from "./counter-items.ts";
import { NetworkKey } from "./network-key.ts";
import { EUI64_ALL, EUI64_ZERO, readEui64, readNib, type Nib } from "./nib.ts";
import type { NvramImage } from "./nvram-image.ts";

/** What an image says about the network it holds. Addresses are written as Zigbee2MQTT writes them (`0x` and 16 digits). */
export type CoordinatorNetwork =
  | FormedNetwork
  | { readonly formed: false; readonly coordinatorIeee: string | undefined };

export interface FormedNetwork {
  readonly formed: true;
  /** The address by which a network is known (I11); after a handover both sticks carry it. */
  readonly coordinatorIeee: string;
  readonly panId: number;
  readonly extendedPanId: string;
  readonly channel: number;
  /** One bit a channel. */
  readonly channelMask: number;
  readonly updateId: number;
  readonly networkKey: NetworkKey;
  /** Zigbee2MQTT resumes only where this equals the active key. */
  readonly alternateKey: NetworkKey;
  readonly keySequence: number;
  /** This network's entries and those for any network, in the order of the image. */
  readonly nwkFrameCounters: readonly { readonly item: string; readonly value: number }[];
  /** Rows of the trust center's link key table that are in use. */
  readonly tclkEntries: number;
  /** Devices with a link key of their own, in either of Z-Stack's two tables. */
  readonly keyedDevices: number;
}

const CONFIGURED = "55";

/** Reads what network an image holds. Not formed: never configured, or without a readable network, key or address. */
export function readNetwork(image: NvramImage): CoordinatorNetwork {
  const { legacy, coordinatorIeee } = facts(image);
  const nib = storedNib(image);
  const configured = legacy("HAS_CONFIGURED_ZSTACK3") === CONFIGURED || legacy("HAS_CONFIGURED_ZSTACK1") === CONFIGURED;
  const active = keyInfo(legacy("NWK_ACTIVE_KEY_INFO"));
  if (!configured || !nib || !active || !coordinatorIeee || !holdsNetwork(nib))
    return { formed: false, coordinatorIeee };

  const counters = counterItems(image);
  const linkKeys = counters.filter((item) => item.kind === "linkKey");
  return {
    formed: true,
    coordinatorIeee,
    panId: nib.panId,
    extendedPanId: nib.extendedPanId,
    channel: nib.channel,
    channelMask: nib.channelMask,
    updateId: nib.updateId,
    networkKey: active.key,
    alternateKey: keyInfo(legacy("NWK_ALTERN_KEY_INFO"))?.key ?? new NetworkKey(Buffer.alloc(0)),
    keySequence: active.sequence,
    nwkFrameCounters: counters
      .filter((item) => item.kind === "network" && isOwnCounter(item.owner, nib.extendedPanId))
      .map((item) => ({ item: `${item.table} ${item.key}`, value: item.value })),
    tclkEntries: linkKeys.filter((item) => item.owner !== undefined).length,
    keyedDevices: linkKeys.length,
  };
}

/**
 * Whether nothing of a network is left: not marked configured and no network in the NIB. A stick that another program
 * formed (no mark, but a network) is not blank, nor is one whose writing was interrupted.
 */
export function isBlank(image: NvramImage): boolean {
  const { legacy } = facts(image);
  const marked = legacy("HAS_CONFIGURED_ZSTACK3") === CONFIGURED || legacy("HAS_CONFIGURED_ZSTACK1") === CONFIGURED;
  const nib = storedNib(image);
  if (marked || legacy("BDBNODEISONANETWORK") === "01") return false;
  return nib ? !holdsNetwork(nib) : legacy("NIB") === undefined;
}

/** Whether a counter belongs to the network: its own entry, the one for any network, or the item that names none. */
export function isOwnCounter(owner: string | undefined, extendedPanId: string): boolean {
  return owner === undefined || owner === EUI64_ALL || owner === extendedPanId;
}

function facts(image: NvramImage): {
  legacy: (name: string) => string | undefined;
  coordinatorIeee: string | undefined;
} {
  const legacy = (name: string): string | undefined => image.LEGACY[name];
  const address = Buffer.from(legacy("EXTADDR") ?? "", "hex");
  return { legacy, coordinatorIeee: address.length === 8 ? readEui64(address, 0) : undefined };
}

function storedNib(image: NvramImage): Nib | undefined {
  const item = image.LEGACY["NIB"];
  return item === undefined ? undefined : readNib(Buffer.from(item, "hex"));
}

function holdsNetwork(nib: Nib): boolean {
  const validPan = nib.panId > 0 && nib.panId < 0xfffe;
  return validPan && nib.extendedPanId !== EUI64_ZERO && nib.extendedPanId !== EUI64_ALL;
}

function keyInfo(hex: string | undefined): { key: NetworkKey; sequence: number } | undefined {
  const item = Buffer.from(hex ?? "", "hex");
  if (item.length < 17) return undefined;
  const key = item.subarray(1, 17);
  return key.every((byte) => byte === 0) ? undefined : { key: new NetworkKey(key), sequence: item.readUInt8(0) };
}
