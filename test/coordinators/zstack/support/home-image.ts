import type { NvramImage } from "../../../../coordinators/nvram-image.ts";
import realStick from "../../../../lab/coordinator/nvram-of-a-real-stick.json" with { type: "json" };
import { formedImage } from "../../../support/nvram-builder.ts";

const SEED = "00112233445566778899aabbccddeeff";

/** A child of the coordinator, a router with a key made of the seed, one with a key of its own, and a child without any. */
export const HOME_DEVICES = [
  { ieee: "0x00158d0000000011", address: 0x0012, child: true, key: "seed", sent: 40, received: 7, shift: 3 },
  { ieee: "0x00158d0000000012", address: 0xabcd, child: false, key: "seed", sent: 3_000, received: 90, shift: 15 },
  { ieee: "0x00158d0000000013", address: 0x00ff, child: false, key: "own", sent: 500, received: 60, shift: 0 },
  { ieee: "0x00158d0000000014", address: 0xfffe, child: true, key: "none", sent: 0, received: 0, shift: 0 },
] as const;

/** The whole NVRAM of a stick in a home: every item and row of a real one, with lengths as there, and made-up contents. */
export function homeImage(): NvramImage {
  const sample = formedImage();
  const legacy = Object.entries(realStick.formed.legacy).map(([name, length], index) => [
    name,
    sample.LEGACY[name]?.padEnd(length * 2, "0") ?? filler(index, length),
  ]);
  return {
    LEGACY: {
      ...Object.fromEntries(legacy),
      NIB: withSecurityLevel(sample.LEGACY["NIB"] ?? "", 5),
      TCLK_SEED: SEED,
      APS_LINK_KEY_TABLE: links(),
      POLL_RATE: `0000${"11".repeat(38)}`,
    },
    ADDRMGR: rows("ADDRMGR", HOME_DEVICES.map(addressRow), "ff".repeat(12)),
    BINDING_TABLE: rows("BINDING_TABLE", [], "ff".repeat(14)),
    DEVICE_LIST: rows("DEVICE_LIST", [`1200000001${"00".repeat(7)}00010000`], "ff".repeat(16)),
    TCLK_TABLE: rows(
      "TCLK_TABLE",
      HOME_DEVICES.filter(({ key }) => key === "seed").map(
        ({ ieee, sent, received, shift }) =>
          `${u32(sent)}${u32(received)}${little(ieee)}0200${shift.toString(16).padStart(2, "0")}00`,
      ),
      `${"00".repeat(16)}ff000000`,
    ),
    APS_KEY_DATA_TABLE: rows(
      "APS_KEY_DATA_TABLE",
      HOME_DEVICES.filter(({ key }) => key === "own").map(
        ({ sent, received }) => `${"5a".repeat(16)}${u32(sent)}${u32(received)}`,
      ),
      "00".repeat(24),
    ),
    NWK_SEC_MATERIAL_TABLE: sample["NWK_SEC_MATERIAL_TABLE"] ?? {},
  };
}

function withSecurityLevel(nib: string, level: number): string {
  return `${nib.slice(0, 24)}0${level}${nib.slice(26)}`;
}

function addressRow({ ieee, address, child, key }: (typeof HOME_DEVICES)[number]): string {
  const user = (child ? 1 : 0) | (key === "none" ? 0 : 2);
  return `0${user}ff${u32(address).slice(0, 4)}${little(ieee)}`;
}

/** One key of a device's own: the third address, the first key. */
function links(): string {
  return "01000200000001ff".padEnd(realStick.formed.legacy.APS_LINK_KEY_TABLE * 2, "0");
}

function rows(table: keyof typeof realStick.formed.tables, used: readonly string[], empty: string) {
  const { entries } = realStick.formed.tables[table];
  return Object.fromEntries(
    Array.from({ length: entries }, (_, row) => [
      `0x${row.toString(16).toUpperCase().padStart(4, "0")}`,
      used[row] ?? empty,
    ]),
  );
}

/** Bytes that tell items and positions apart. */
function filler(index: number, length: number): string {
  return Buffer.from(Array.from({ length }, (_, at) => (index * 7 + at) & 0xff)).toString("hex");
}

function little(address: string): string {
  return Buffer.from(Buffer.from(address.slice(2), "hex").toReversed()).toString("hex");
}

function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString("hex");
}
