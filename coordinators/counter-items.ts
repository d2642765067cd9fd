import { EUI64_ALL, EUI64_ZERO, readEui64 } from "./nib.ts";
import type { NvramImage, NvramItems } from "./nvram-image.ts";

/** Where one outgoing 32 bit frame counter stands in an image. */
export interface CounterItem {
  /** `LEGACY` or a table. */
  readonly table: string;
  /** Item name or row number. */
  readonly key: string;
  /** Which of I3's two kinds: the network's, or a link key's. */
  readonly kind: "network" | "linkKey";
  /** Extended PAN ID of a network's counter, device address of a link key's, where the item names one. */
  readonly owner: string | undefined;
  /** Position of the little-endian counter in the item, in bytes. */
  readonly offset: number;
  readonly value: number;
}

type Row = Omit<CounterItem, "table" | "key" | "value">;

/** Tables of Z-Stack 3.x.0, and the ranges of legacy items that hold the same rows in Z-Stack 3.0.x. */
const ROW_READERS: readonly {
  readonly table: string;
  readonly legacy: string;
  readonly read: (row: Buffer) => Row | undefined;
}[] = [
  { table: "NWK_SEC_MATERIAL_TABLE", legacy: "LEGACY_NWK_SEC_MATERIAL_TABLE_START", read: readNetworkRow },
  { table: "TCLK_TABLE", legacy: "LEGACY_TCLK_TABLE_START", read: readTrustCenterRow },
  { table: "APS_KEY_DATA_TABLE", legacy: "LEGACY_APS_LINK_KEY_DATA_START", read: readApsKeyRow },
];

/** Every outgoing frame counter of an image that is in use, of this network and of any other. */
export function counterItems(image: NvramImage): readonly CounterItem[] {
  return [
    ...activeKeyCounter(image.LEGACY),
    ...Object.entries(image).flatMap(([table, items]) => rowCounters(table, items)),
  ];
}

/** Whether a row of a table holds nothing: all zero, all ones, or a link key row without a device. */
export function isUnusedRow(table: string, hex: string): boolean {
  if (/^(?:(?:00)+|(?:ff)+)$/.test(hex)) return true;
  const reader = ROW_READERS.find((candidate) => candidate.table === table);
  return reader !== undefined && reader.read(Buffer.from(hex, "hex")) === undefined;
}

function rowCounters(table: string, items: NvramItems): CounterItem[] {
  return Object.entries(items).flatMap(([key, hex]) => {
    const reader = ROW_READERS.find((candidate) =>
      table === "LEGACY" ? key.startsWith(`${candidate.legacy}+`) : candidate.table === table,
    );
    const bytes = Buffer.from(hex, "hex");
    const row = reader?.read(bytes);
    return row ? [{ ...row, table, key, value: bytes.readUInt32LE(row.offset) }] : [];
  });
}

/** Counter, then the extended PAN ID it belongs to; all ones means any network. */
function readNetworkRow(row: Buffer): Row | undefined {
  if (row.length !== 12) return undefined;
  const owner = readEui64(row, 4);
  return owner === EUI64_ZERO ? undefined : { kind: "network", owner, offset: 0 };
}

/** Outgoing counter, incoming counter, device address, three bytes about the key (and one of padding where aligned). */
function readTrustCenterRow(row: Buffer): Row | undefined {
  if (row.length !== 19 && row.length !== 20) return undefined;
  const owner = readEui64(row, 8);
  return owner === EUI64_ZERO || owner === EUI64_ALL ? undefined : { kind: "linkKey", owner, offset: 0 };
}

/** Key, outgoing counter, incoming counter. */
function readApsKeyRow(row: Buffer): Row | undefined {
  if (row.length !== 24) return undefined;
  const key = row.subarray(0, 16);
  const unused = key.every((byte) => byte === 0) || key.every((byte) => byte === 0xff);
  return unused ? undefined : { kind: "linkKey", owner: undefined, offset: 16 };
}

/** NWKKEY: sequence number, key, and a copy of the network's counter, which Z-Stack 1.2 has nowhere else. */
function activeKeyCounter(legacy: NvramItems): CounterItem[] {
  const item = Buffer.from(legacy["NWKKEY"] ?? "", "hex");
  const offset = { 24: 20, 21: 17 }[item.length];
  if (offset === undefined || item.subarray(1, 17).every((byte) => byte === 0)) return [];
  return [
    { table: "LEGACY", key: "NWKKEY", kind: "network", owner: undefined, offset, value: item.readUInt32LE(offset) },
  ];
}
