/**
 * The NVRAM of a CC2652 under Z-Stack 3.x.0: which items exist and how long they are, before and after a network was
 * formed. It was compared with the images of a real stick in both states; contents that are secrets are not here.
 */

export interface LegacyItem {
  readonly id: number;
  /** Bytes. */
  readonly length: number;
  /** When the stack makes it: at every boot, or when it first forms or resumes a network; `host`: only by the host. */
  readonly made: "boot" | "start" | "host";
  /** Hex of the value it is made with; absent: zeros or what nvram-defaults.ts says. */
  readonly initial?: string;
}

/** Legacy (OSAL) items by the name that zigpy-znp gives them. */
export const LEGACY_ITEMS = {
  EXTADDR: { id: 0x0001, length: 8, made: "boot" },
  STARTUP_OPTION: { id: 0x0003, length: 1, made: "boot", initial: "02" },
  START_DELAY: { id: 0x0004, length: 1, made: "boot", initial: "0a" },
  NIB: { id: 0x0021, length: 116, made: "start" },
  POLL_RATE: {
    id: 0x0035,
    length: 40,
    made: "boot",
    initial: "b80b0000b8010000640000006400000000000000e803000000000000000000008459002001000000",
  },
  DATA_RETRIES: { id: 0x0028, length: 1, made: "boot", initial: "02" },
  POLL_FAILURE_RETRIES: { id: 0x0029, length: 1, made: "boot", initial: "03" },
  STACK_PROFILE: { id: 0x002a, length: 1, made: "boot", initial: "02" },
  INDIRECT_MSG_TIMEOUT: { id: 0x002b, length: 1, made: "boot", initial: "14" },
  ROUTE_EXPIRY_TIME: { id: 0x002c, length: 1, made: "boot", initial: "1e" },
  EXTENDED_PAN_ID: { id: 0x002d, length: 8, made: "boot" },
  BCAST_RETRIES: { id: 0x002e, length: 1, made: "boot", initial: "02" },
  PASSIVE_ACK_TIMEOUT: { id: 0x002f, length: 1, made: "boot", initial: "05" },
  BCAST_DELIVERY_TIME: { id: 0x0030, length: 1, made: "boot", initial: "1e" },
  CONCENTRATOR_ENABLE: { id: 0x0032, length: 1, made: "boot", initial: "01" },
  CONCENTRATOR_DISCOVERY: { id: 0x0033, length: 1, made: "boot", initial: "78" },
  CONCENTRATOR_RADIUS: { id: 0x0034, length: 1, made: "boot", initial: "0a" },
  CONCENTRATOR_RC: { id: 0x0036, length: 1, made: "boot", initial: "01" },
  NWK_MGR_MODE: { id: 0x0037, length: 1, made: "boot", initial: "01" },
  SRC_RTG_EXPIRY_TIME: { id: 0x0038, length: 1, made: "boot", initial: "ff" },
  ROUTE_DISCOVERY_TIME: { id: 0x0039, length: 1, made: "boot", initial: "05" },
  NWK_ACTIVE_KEY_INFO: { id: 0x003a, length: 17, made: "boot" },
  NWK_ALTERN_KEY_INFO: { id: 0x003b, length: 17, made: "boot" },
  ROUTER_OFF_ASSOC_CLEANUP: { id: 0x003c, length: 1, made: "boot", initial: "00" },
  NWK_LEAVE_REQ_ALLOWED: { id: 0x003d, length: 1, made: "boot", initial: "01" },
  NWK_CHILD_AGE_ENABLE: { id: 0x003e, length: 1, made: "boot", initial: "00" },
  GROUP_TABLE: { id: 0x0042, length: 22, made: "start", initial: `0000${"ff".repeat(20)}` },
  APS_FRAME_RETRIES: { id: 0x0043, length: 1, made: "boot", initial: "03" },
  APS_ACK_WAIT_DURATION: { id: 0x0044, length: 2, made: "boot", initial: "b80b" },
  APS_ACK_WAIT_MULTIPLIER: { id: 0x0045, length: 1, made: "boot", initial: "02" },
  BINDING_TIME: { id: 0x0046, length: 2, made: "boot", initial: "803e" },
  APS_USE_EXT_PANID: { id: 0x0047, length: 8, made: "boot" },
  APS_USE_INSECURE_JOIN: { id: 0x0048, length: 1, made: "boot", initial: "01" },
  COMMISSIONED_NWK_ADDR: { id: 0x0049, length: 2, made: "boot", initial: "feff" },
  APS_NONMEMBER_RADIUS: { id: 0x004b, length: 1, made: "boot", initial: "02" },
  APS_LINK_KEY_TABLE: { id: 0x004c, length: 20, made: "start" },
  APS_DUPREJ_TIMEOUT_INC: { id: 0x004d, length: 2, made: "boot", initial: "e803" },
  APS_DUPREJ_TIMEOUT_COUNT: { id: 0x004e, length: 1, made: "boot", initial: "0a" },
  APS_DUPREJ_TABLE_SIZE: { id: 0x004f, length: 2, made: "boot", initial: "0500" },
  NWK_PARENT_INFO: { id: 0x0051, length: 1, made: "boot", initial: "01" },
  NWK_ENDDEV_TIMEOUT_DEF: { id: 0x0052, length: 1, made: "boot", initial: "08" },
  END_DEV_TIMEOUT_VALUE: { id: 0x0053, length: 1, made: "boot", initial: "08" },
  END_DEV_CONFIGURATION: { id: 0x0054, length: 1, made: "boot", initial: "00" },
  BDBNODEISONANETWORK: { id: 0x0055, length: 1, made: "boot", initial: "00" },
  HAS_CONFIGURED_ZSTACK3: { id: 0x0060, length: 1, made: "host" },
  PRECFGKEY: { id: 0x0062, length: 16, made: "boot" },
  PRECFGKEYS_ENABLE: { id: 0x0063, length: 1, made: "boot", initial: "00" },
  SECURE_PERMIT_JOIN: { id: 0x0065, length: 1, made: "boot", initial: "01" },
  APS_LINK_KEY_TYPE: { id: 0x0066, length: 1, made: "boot", initial: "01" },
  APS_ALLOW_R19_SECURITY: { id: 0x0067, length: 1, made: "boot", initial: "00" },
  USE_DEFAULT_TCLK: { id: 0x006d, length: 1, made: "boot", initial: "01" },
  TRUSTCENTER_ADDR: { id: 0x0071, length: 8, made: "boot" },
  USERDESC: { id: 0x0081, length: 17, made: "boot" },
  NWKKEY: { id: 0x0082, length: 24, made: "boot" },
  PANID: { id: 0x0083, length: 2, made: "boot", initial: "ffff" },
  CHANLIST: { id: 0x0084, length: 4, made: "boot" },
  LEAVE_CTRL: { id: 0x0085, length: 1, made: "start", initial: "00" },
  SCAN_DURATION: { id: 0x0086, length: 1, made: "boot", initial: "04" },
  LOGICAL_TYPE: { id: 0x0087, length: 1, made: "boot", initial: "00" },
  NWKMGR_MIN_TX: { id: 0x0088, length: 1, made: "boot", initial: "14" },
  ZDO_DIRECT_CB: { id: 0x008f, length: 1, made: "boot", initial: "01" },
  SAPI_ENDPOINT: { id: 0x00a1, length: 1, made: "boot", initial: "e0" },
  TCLK_SEED: { id: 0x0101, length: 16, made: "boot" },
} as const satisfies Record<string, LegacyItem>;

export type LegacyName = keyof typeof LEGACY_ITEMS;

/**
 * Can be read and written but has no length and is no item: the first 16 bits of POLL_RATE, from the time when those
 * were all of it.
 */
export const POLL_RATE_OLD16 = 0x0024;

export interface TableLayout {
  /** Item id in the extended NVRAM of the system ZSTACK (1). */
  readonly id: number;
  readonly entries: number;
  /** Bytes of one entry. */
  readonly length: number;
  readonly made: "boot" | "start";
  /** Hex of an empty entry. */
  readonly empty: string;
}

/** Extended tables by the name that zigpy-znp gives them. */
export const TABLES = {
  ADDRMGR: { id: 0x0001, entries: 257, length: 12, made: "start", empty: "ff".repeat(12) },
  BINDING_TABLE: { id: 0x0002, entries: 1, length: 14, made: "start", empty: "ff".repeat(14) },
  DEVICE_LIST: { id: 0x0003, entries: 51, length: 16, made: "start", empty: "ff".repeat(16) },
  TCLK_TABLE: { id: 0x0004, entries: 200, length: 20, made: "boot", empty: `${"00".repeat(16)}ff000000` },
  APS_KEY_DATA_TABLE: { id: 0x0006, entries: 3, length: 24, made: "boot", empty: "00".repeat(24) },
  NWK_SEC_MATERIAL_TABLE: { id: 0x0007, entries: 5, length: 12, made: "boot", empty: "00".repeat(12) },
} as const satisfies Record<string, TableLayout>;

export type TableName = keyof typeof TABLES;
