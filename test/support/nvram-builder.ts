import type { NvramImage } from "../../coordinators/nvram-image.ts";

export interface SyntheticNetwork {
  readonly ieee?: string;
  readonly panId?: number;
  readonly extendedPanId?: string;
  readonly channel?: number;
  readonly key?: string;
  readonly keySequence?: number;
  readonly frameCounter?: number;
  /** Value of the entry for any network; without it the table has none, as a stick that zigpy formed. */
  readonly anyNetworkCounter?: number;
  readonly devices?: readonly { readonly ieee: string; readonly tx: number; readonly rx: number }[];
  readonly apsKeys?: readonly { readonly key: string; readonly tx: number; readonly rx: number }[];
  readonly aligned?: boolean;
  /** Rows as Z-Stack 3.0.x has them: among the legacy items instead of in tables. */
  readonly legacyTables?: boolean;
}

export const SAMPLE_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
export const SAMPLE_IEEE = "0x00124b0099aa0001";
export const SAMPLE_EXTENDED_PAN_ID = "0x1122334455667788";
export const SAMPLE_DEVICES = [
  { ieee: "0x00158d0000000011", tx: 40, rx: 7 },
  { ieee: "0x00158d0000000012", tx: 3_000, rx: 90 },
] as const;

/** A made-up coordinator in the structure of a real one: items, lengths and byte order of Z-Stack 3.x.0. */
export function formedImage(network: SyntheticNetwork = {}): NvramImage {
  const { aligned = true, legacyTables = false } = network;
  const key = network.key ?? SAMPLE_KEY;
  const sequence = u8(network.keySequence ?? 0);
  const counter = u32(network.frameCounter ?? 7_500);
  const epid = little(network.extendedPanId ?? SAMPLE_EXTENDED_PAN_ID);
  const legacy = {
    HAS_CONFIGURED_ZSTACK3: "55",
    EXTADDR: little(network.ieee ?? SAMPLE_IEEE),
    STARTUP_OPTION: "00",
    NIB: nib(network, epid, aligned),
    POLL_RATE_OLD16: "0000",
    EXTENDED_PAN_ID: epid,
    NWK_ACTIVE_KEY_INFO: sequence + key,
    NWK_ALTERN_KEY_INFO: sequence + key,
    APS_LINK_KEY_TABLE: "02000000000001ff0500010001ff000000000000",
    BDBNODEISONANETWORK: "01",
    PRECFGKEY: key,
    NWKKEY: sequence + key + (aligned ? "ffffff" : "") + counter,
    PANID: u16(network.panId ?? 0x4402),
    CHANLIST: u32(1 << (network.channel ?? 15)),
    LOGICAL_TYPE: "00",
    ZDO_DIRECT_CB: "01",
    TCLK_SEED: "00112233445566778899aabbccddeeff",
  };
  const anyNetwork = network.anyNetworkCounter === undefined ? [] : [u32(network.anyNetworkCounter) + "ff".repeat(8)];
  const rows = {
    NWK_SEC_MATERIAL_TABLE: [counter + epid, ...Array<string>(3).fill("00".repeat(12)), ...anyNetwork],
    TCLK_TABLE: [
      ...(network.devices ?? SAMPLE_DEVICES).map((device) => trustCenterRow(device, aligned)),
      EMPTY_TRUST_CENTER_ROW,
    ],
    APS_KEY_DATA_TABLE: [...(network.apsKeys ?? []).map((row) => row.key + u32(row.tx) + u32(row.rx)), "00".repeat(24)],
  };
  if (legacyTables) {
    return {
      LEGACY: {
        ...legacy,
        ...numbered("LEGACY_NWK_SEC_MATERIAL_TABLE_START", rows.NWK_SEC_MATERIAL_TABLE),
        ...numbered("LEGACY_TCLK_TABLE_START", rows.TCLK_TABLE),
        ...numbered("LEGACY_APS_LINK_KEY_DATA_START", rows.APS_KEY_DATA_TABLE),
      },
    };
  }
  return {
    LEGACY: legacy,
    ADDRMGR: table(["02ff4b66120000008d1500ff", "ff".repeat(12)]),
    NWK_SEC_MATERIAL_TABLE: table(rows.NWK_SEC_MATERIAL_TABLE),
    TCLK_TABLE: table(rows.TCLK_TABLE),
    APS_KEY_DATA_TABLE: table(rows.APS_KEY_DATA_TABLE),
  };
}

/** A stick as firmware leaves it after everything was cleared: defaults, no NIB, no mark, empty tables. */
export function blankImage(ieee: string = SAMPLE_IEEE): NvramImage {
  return {
    LEGACY: {
      EXTADDR: little(ieee),
      STARTUP_OPTION: "02",
      NWK_ACTIVE_KEY_INFO: "00".repeat(17),
      NWK_ALTERN_KEY_INFO: "00".repeat(17),
      BDBNODEISONANETWORK: "00",
      NWKKEY: "00".repeat(24),
      PANID: "ffff",
      CHANLIST: "00000000",
    },
    TCLK_TABLE: table([EMPTY_TRUST_CENTER_ROW]),
    APS_KEY_DATA_TABLE: table(["00".repeat(24)]),
    NWK_SEC_MATERIAL_TABLE: table(Array<string>(5).fill("00".repeat(12))),
  };
}

/** The image without one item, or with it replaced. */
export function withItem(image: NvramImage, tableName: string, key: string, value: string | undefined): NvramImage {
  const { [key]: _replaced, ...rest } = image[tableName] ?? {};
  return { ...image, [tableName]: value === undefined ? rest : { ...rest, [key]: value } };
}

const EMPTY_TRUST_CENTER_ROW = `${"00".repeat(16)}ff000000`;

function nib(network: SyntheticNetwork, epid: string, aligned: boolean): string {
  const bytes = Buffer.alloc(aligned ? 116 : 110);
  const at = aligned
    ? { channel: 24, panId: 36, mask: 40, epid: 57, loaded: 65, update: 114 }
    : { channel: 22, panId: 33, mask: 36, epid: 53, loaded: 61, update: 109 };
  bytes.writeUInt8(network.channel ?? 15, at.channel);
  bytes.writeUInt16LE(network.panId ?? 0x4402, at.panId);
  bytes.writeUInt32LE(1 << (network.channel ?? 15), at.mask);
  bytes.write(epid, at.epid, "hex");
  bytes.writeUInt8(1, at.loaded);
  bytes.writeUInt8(3, at.update);
  return bytes.toString("hex");
}

function trustCenterRow(device: { ieee: string; tx: number; rx: number }, aligned: boolean): string {
  return u32(device.tx) + u32(device.rx) + little(device.ieee) + "02000e" + (aligned ? "00" : "");
}

function numbered(name: string, rows: readonly string[]): Record<string, string> {
  return Object.fromEntries(rows.map((row, index) => [`${name}+${index}`, row]));
}

function table(rows: readonly string[]): Record<string, string> {
  return Object.fromEntries(rows.map((row, index) => [`0x${index.toString(16).toUpperCase().padStart(4, "0")}`, row]));
}

function little(address: string): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(address));
  return bytes.toString("hex");
}

function u8(value: number): string {
  return value.toString(16).padStart(2, "0");
}

function u16(value: number): string {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes.toString("hex");
}

function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString("hex");
}
