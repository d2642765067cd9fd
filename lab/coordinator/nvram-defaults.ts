import { randomBytes } from "node:crypto";
import { ieeeToBytes } from "./bytes.ts";
import {
  LEGACY_ITEMS,
  TABLES,
  type LegacyItem,
  type LegacyName,
  type TableLayout,
  type TableName,
} from "./nvram-layout.ts";
import type { Nvram } from "./nvram.ts";

const LEGACY = Object.entries(LEGACY_ITEMS) as [LegacyName, LegacyItem][];
const TABLE_LAYOUTS = Object.entries(TABLES) as [TableName, TableLayout][];

/** Bits of STARTUP_OPTION. */
export const STARTUP_OPTION = { CLEAR_CONFIG: 0x01, CLEAR_STATE: 0x02, CLEAR_FRAME_COUNTER: 0x80 } as const;

/** State of the network; the configuration is all else that is made at boot. */
const NETWORK_STATE: readonly LegacyName[] = [
  "NWK_ACTIVE_KEY_INFO",
  "NWK_ALTERN_KEY_INFO",
  "NWKKEY",
  "BDBNODEISONANETWORK",
  "TRUSTCENTER_ADDR",
];

/**
 * What the firmware does to its NVRAM when it boots: obeys STARTUP_OPTION, and makes every item that is missing.
 * CLEAR_STATE brings the hardware address back, forgets network, devices and bindings, and stays set until the stack
 * starts; CLEAR_CONFIG resets the settings and the trust center's link keys. Frame counters outlive both.
 * @param hardwareIeee address in the chip's own flash, 16 hex digits
 */
export function bootNvram(nvram: Nvram, hardwareIeee: string): void {
  const option = nvram.get("STARTUP_OPTION")?.readUInt8(0) ?? 0;
  const clearState = (option & STARTUP_OPTION.CLEAR_STATE) !== 0;
  if (clearState) {
    nvram.remove("NIB");
    nvram.set("EXTADDR", ieeeToBytes(hardwareIeee));
    for (const name of NETWORK_STATE) nvram.set(name, initialValue(name, hardwareIeee));
    for (const name of ["ADDRMGR", "BINDING_TABLE", "DEVICE_LIST", "APS_KEY_DATA_TABLE"] as const)
      clearTable(nvram, name);
    for (const name of ["APS_LINK_KEY_TABLE", "GROUP_TABLE"] as const) {
      if (nvram.get(name)) nvram.set(name, initialValue(name, hardwareIeee));
    }
  }
  if (option & STARTUP_OPTION.CLEAR_CONFIG) {
    for (const [name, item] of LEGACY) {
      if (item.made === "boot" && name !== "EXTADDR" && !NETWORK_STATE.includes(name)) {
        nvram.set(name, initialValue(name, hardwareIeee));
      }
    }
    clearTable(nvram, "TCLK_TABLE");
    nvram.set("STARTUP_OPTION", Buffer.from([clearState ? STARTUP_OPTION.CLEAR_STATE : 0]));
  }
  if (option & STARTUP_OPTION.CLEAR_FRAME_COUNTER) {
    clearTable(nvram, "NWK_SEC_MATERIAL_TABLE");
    const generic = Buffer.concat([Buffer.alloc(4), Buffer.alloc(8, 0xff)]);
    nvram.setEntry("NWK_SEC_MATERIAL_TABLE", TABLES.NWK_SEC_MATERIAL_TABLE.entries - 1, generic);
    const left = nvram.get("STARTUP_OPTION")?.readUInt8(0) ?? 0;
    nvram.set("STARTUP_OPTION", Buffer.from([left & ~STARTUP_OPTION.CLEAR_FRAME_COUNTER]));
  }
  makeMissing(nvram, "boot", hardwareIeee);
}

/** Makes the items that exist only once the stack has formed or resumed a network. */
export function makeStartItems(nvram: Nvram, hardwareIeee: string): void {
  makeMissing(nvram, "start", hardwareIeee);
}

function makeMissing(nvram: Nvram, made: "boot" | "start", hardwareIeee: string): void {
  for (const [name, item] of LEGACY) {
    // The NIB is written by the one who knows the network.
    if (item.made === made && name !== "NIB" && !nvram.get(name)) nvram.set(name, initialValue(name, hardwareIeee));
  }
  for (const [name, table] of TABLE_LAYOUTS) {
    if (table.made !== made) continue;
    const empty = Buffer.from(table.empty, "hex");
    for (let index = nvram.entries(name).length; index < table.entries; index++) nvram.setEntry(name, index, empty);
  }
}

function clearTable(nvram: Nvram, name: TableName): void {
  const empty = Buffer.from(TABLES[name].empty, "hex");
  nvram.entries(name).forEach((_entry, index) => nvram.setEntry(name, index, empty));
}

function initialValue(name: LegacyName, hardwareIeee: string): Buffer {
  const item: LegacyItem = LEGACY_ITEMS[name];
  if (name === "EXTADDR" || name === "EXTENDED_PAN_ID") return ieeeToBytes(hardwareIeee);
  if (name === "PRECFGKEY" || name === "TCLK_SEED") return randomBytes(item.length);
  return item.initial === undefined ? Buffer.alloc(item.length) : Buffer.from(item.initial, "hex");
}
