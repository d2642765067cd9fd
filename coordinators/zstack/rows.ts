/**
 * Rows of the tables in which Z-Stack 3.x.0 keeps its devices and their link keys, on chips with aligned structures, which all
 * of its chips are (TI's AddrMgr.h, APSMEDE.h, ZDSecMgr.h). Numbers are little-endian, addresses least significant byte first.
 */

/** Why an address is remembered: bits of `user`. */
export const ADDRESS_USER = { CHILD: 0x01, SECURITY: 0x02 } as const;

/** What stands for a short address that is not known. */
export const NO_ADDRESS = 0xfffe;

export const EMPTY_ADDRESS = "ff".repeat(12);
export const EMPTY_CHILD = "ff".repeat(16);
export const EMPTY_TRUST_CENTER_KEY = `${"00".repeat(16)}ff000000`;
export const EMPTY_APS_KEY = "00".repeat(24);
export const EMPTY_NETWORK_COUNTER = "00".repeat(12);

export interface AddressRow {
  readonly user: number;
  readonly address: number;
  /** As Z-Stack stores it, hex. */
  readonly ieee: string;
}

/** A link key that is made of the seed, turned by `shift` bytes, and the device's address. */
export interface TrustCenterKeyRow {
  readonly ieee: string;
  readonly sent: number;
  readonly received: number;
  readonly shift: number;
}

export interface ApsKeyRow {
  readonly key: string;
  readonly sent: number;
  readonly received: number;
}

/** Which row of the address manager a key of APS_KEY_DATA_TABLE belongs to. */
export interface LinkRow {
  readonly addressIndex: number;
  readonly keyIndex: number;
}

const KEY_VERIFIED = 0x02;
const AUTHENTICATED = 0x01;
const LINK_LENGTH = 6;

export function readAddressRow(hex: string): AddressRow | undefined {
  const row = Buffer.from(hex, "hex");
  const ieee = hex.slice(8, 24);
  const user = row.readUInt8(0);
  if (/^(?:0+|f+)$/.test(ieee) || user === 0xff || user === 0) return undefined;
  return { user, address: row.readUInt16LE(2), ieee };
}

export function addressRow({ user, address, ieee }: AddressRow): string {
  return `${hex8(user)}ff${hex16(address)}${ieee}`;
}

export function readTrustCenterKeyRow(hex: string): TrustCenterKeyRow | undefined {
  const row = Buffer.from(hex, "hex");
  const ieee = hex.slice(16, 32);
  if (/^(?:0+|f+)$/.test(ieee)) return undefined;
  return { ieee, sent: row.readUInt32LE(0), received: row.readUInt32LE(4), shift: row.readUInt8(18) };
}

export function trustCenterKeyRow({ ieee, sent, received, shift }: TrustCenterKeyRow): string {
  return `${hex32(sent)}${hex32(received)}${ieee}${hex8(KEY_VERIFIED)}00${hex8(shift)}00`;
}

export function readApsKeyRow(hex: string): ApsKeyRow {
  const row = Buffer.from(hex, "hex");
  return { key: hex.slice(0, 32), sent: row.readUInt32LE(16), received: row.readUInt32LE(20) };
}

export function apsKeyRow({ key, sent, received }: ApsKeyRow): string {
  return `${key}${hex32(sent)}${hex32(received)}`;
}

/** The authenticated entries of APS_LINK_KEY_TABLE: their number, then each; what follows is left over. */
export function readLinks(hex: string): LinkRow[] {
  const item = Buffer.from(hex, "hex");
  const count = Math.min(item.readUInt16LE(0), Math.floor((item.length - 2) / LINK_LENGTH));
  return Array.from({ length: count }, (_, index) => item.subarray(2 + index * LINK_LENGTH))
    .filter((entry) => entry.readUInt8(4) === AUTHENTICATED)
    .map((entry) => ({ addressIndex: entry.readUInt16LE(0), keyIndex: entry.readUInt16LE(2) }));
}

/** An APS_LINK_KEY_TABLE of so many bytes; undefined where they do not suffice. */
export function linksItem(links: readonly LinkRow[], bytes: number): string | undefined {
  const entries = links.map(
    ({ addressIndex, keyIndex }) => `${hex16(addressIndex)}${hex16(keyIndex)}${hex8(AUTHENTICATED)}ff`,
  );
  const hex = `${hex16(links.length)}${entries.join("")}`;
  return hex.length > bytes * 2 ? undefined : hex.padEnd(bytes * 2, "0");
}

/** A device's link key: the seed, turned to the left, and the device's address twice, exclusive-or. */
export function linkKeyOf(seed: string, ieee: string, shift: number): string {
  const bytes = Buffer.from(seed, "hex");
  const address = Buffer.from(ieee, "hex");
  return Buffer.from(bytes.map((_, i) => (bytes[(i + shift) % 16] ?? 0) ^ (address[i % 8] ?? 0))).toString("hex");
}

/** By how much the seed was turned for this key; undefined: the key was not made of it. */
export function shiftOf(seed: string, ieee: string, key: string): number | undefined {
  return Array.from({ length: 16 }, (_, shift) => shift).find((shift) => linkKeyOf(seed, ieee, shift) === key);
}

/** Network's counter: its value and the extended PAN ID, stored as addresses are; all ones is any network's. */
export function networkCounterRow(counter: number, extendedPanId: string): string {
  return `${hex32(counter)}${extendedPanId}`;
}

/** Turns an address round: as Z-Stack stores it from how people write it, or back. */
export function turned(hex: string): string {
  return Buffer.from(Buffer.from(hex, "hex").toReversed()).toString("hex");
}

export function hex8(value: number): string {
  return value.toString(16).padStart(2, "0");
}

export function hex16(value: number): string {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes.toString("hex");
}

export function hex32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString("hex");
}
