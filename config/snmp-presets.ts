import type { FenceProof } from "../model/fence.ts";

/** Where a device keeps the switch of an outlet or port, and which integers it uses. */
export interface SnmpSwitch {
  readonly oid: string;
  /** Written to `oid`. */
  readonly on: number;
  readonly off: number;
  readonly statusOid: string;
  /** Read from `statusOid`. */
  readonly statusOn: number;
  readonly statusOff: number;
}

export interface SnmpPreset {
  /** What its switches are counted by. */
  readonly counts: "outlet" | "switchPort";
  readonly proves: FenceProof;
  readonly switchAt: (number: number, group: number) => SnmpSwitch;
}

const APC = "1.3.6.1.4.1.318.1.1";
const TRIPP_LITE = "1.3.6.1.4.1.850.10.2.3.5.1";

/** One object that is written and read with the same integers. */
function plain(oid: string, on: number, off: number): SnmpSwitch {
  return { oid, on, off, statusOid: oid, statusOn: on, statusOff: off };
}

/**
 * Known devices, by the objects of their MIBs: PowerNet-MIB (sPDUOutletCtl, rPDUOutletControlOutletCommand,
 * rPDU2OutletSwitchedControlCommand), Tripp Lite's, POWER-ETHERNET-MIB (pethPsePortAdminEnable), IF-MIB (ifAdminStatus).
 */
export const SNMP_PRESETS = {
  "apc-masterswitch": {
    counts: "outlet",
    proves: "host off",
    switchAt: (n) => plain(`${APC}.4.4.2.1.3.${n}`, 1, 2),
  },
  "apc-rpdu": {
    counts: "outlet",
    proves: "host off",
    switchAt: (n) => ({ ...plain(`${APC}.12.3.3.1.1.4.${n}`, 1, 2), statusOid: `${APC}.12.3.5.1.1.4.${n}` }),
  },
  "apc-rpdu2": {
    counts: "outlet",
    proves: "host off",
    // Commands are 1 on, 2 off; what is read is 2 on, 1 off.
    switchAt: (n) => ({
      oid: `${APC}.26.9.2.4.1.5.${n}`,
      on: 1,
      off: 2,
      statusOid: `${APC}.26.9.2.3.1.5.${n}`,
      statusOn: 2,
      statusOff: 1,
    }),
  },
  "tripp-lite": {
    counts: "outlet",
    proves: "host off",
    switchAt: (n) => ({ ...plain(`${TRIPP_LITE}.4.1.${n}`, 2, 1), statusOid: `${TRIPP_LITE}.2.1.${n}` }),
  },
  poe: {
    counts: "switchPort",
    proves: "host off",
    switchAt: (n, group) => plain(`1.3.6.1.2.1.105.1.1.1.3.${group}.${n}`, 1, 2),
  },
  ifadmin: {
    counts: "switchPort",
    proves: "network cut",
    switchAt: (n) => plain(`1.3.6.1.2.1.2.2.1.7.${n}`, 1, 2),
  },
} as const satisfies Record<string, SnmpPreset>;

export type SnmpPresetName = keyof typeof SNMP_PRESETS;

export const SNMP_PRESET_NAMES = Object.keys(SNMP_PRESETS) as [SnmpPresetName, ...SnmpPresetName[]];
