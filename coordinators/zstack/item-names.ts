/**
 * The items of Z-Stack's NVRAM by the names of zigpy-znp's JSON form, with their numbers (TI's ZComDef.h). A name stands for one
 * legacy item, or with `+offset` for one of a range; a table holds rows, numbered from `0x0000`.
 */

/** What a stick with Z-Stack 3.x.0 has. */
const COMMON_ITEMS: Readonly<Record<string, number>> = {
  HAS_CONFIGURED_ZSTACK3: 0x0060,
  EXTADDR: 0x0001,
  STARTUP_OPTION: 0x0003,
  START_DELAY: 0x0004,
  NIB: 0x0021,
  POLL_RATE_OLD16: 0x0024,
  DATA_RETRIES: 0x0028,
  POLL_FAILURE_RETRIES: 0x0029,
  STACK_PROFILE: 0x002a,
  INDIRECT_MSG_TIMEOUT: 0x002b,
  ROUTE_EXPIRY_TIME: 0x002c,
  EXTENDED_PAN_ID: 0x002d,
  BCAST_RETRIES: 0x002e,
  PASSIVE_ACK_TIMEOUT: 0x002f,
  BCAST_DELIVERY_TIME: 0x0030,
  CONCENTRATOR_ENABLE: 0x0032,
  CONCENTRATOR_DISCOVERY: 0x0033,
  CONCENTRATOR_RADIUS: 0x0034,
  POLL_RATE: 0x0035,
  CONCENTRATOR_RC: 0x0036,
  NWK_MGR_MODE: 0x0037,
  SRC_RTG_EXPIRY_TIME: 0x0038,
  ROUTE_DISCOVERY_TIME: 0x0039,
  NWK_ACTIVE_KEY_INFO: 0x003a,
  NWK_ALTERN_KEY_INFO: 0x003b,
  ROUTER_OFF_ASSOC_CLEANUP: 0x003c,
  NWK_LEAVE_REQ_ALLOWED: 0x003d,
  NWK_CHILD_AGE_ENABLE: 0x003e,
  GROUP_TABLE: 0x0042,
  APS_FRAME_RETRIES: 0x0043,
  APS_ACK_WAIT_DURATION: 0x0044,
  APS_ACK_WAIT_MULTIPLIER: 0x0045,
  BINDING_TIME: 0x0046,
  APS_USE_EXT_PANID: 0x0047,
  APS_USE_INSECURE_JOIN: 0x0048,
  COMMISSIONED_NWK_ADDR: 0x0049,
  APS_NONMEMBER_RADIUS: 0x004b,
  APS_LINK_KEY_TABLE: 0x004c,
  APS_DUPREJ_TIMEOUT_INC: 0x004d,
  APS_DUPREJ_TIMEOUT_COUNT: 0x004e,
  APS_DUPREJ_TABLE_SIZE: 0x004f,
  NWK_PARENT_INFO: 0x0051,
  NWK_ENDDEV_TIMEOUT_DEF: 0x0052,
  END_DEV_TIMEOUT_VALUE: 0x0053,
  END_DEV_CONFIGURATION: 0x0054,
  BDBNODEISONANETWORK: 0x0055,
  PRECFGKEY: 0x0062,
  PRECFGKEYS_ENABLE: 0x0063,
  SECURE_PERMIT_JOIN: 0x0065,
  APS_LINK_KEY_TYPE: 0x0066,
  APS_ALLOW_R19_SECURITY: 0x0067,
  USE_DEFAULT_TCLK: 0x006d,
  TRUSTCENTER_ADDR: 0x0071,
  USERDESC: 0x0081,
  NWKKEY: 0x0082,
  PANID: 0x0083,
  CHANLIST: 0x0084,
  LEAVE_CTRL: 0x0085,
  SCAN_DURATION: 0x0086,
  LOGICAL_TYPE: 0x0087,
  NWKMGR_MIN_TX: 0x0088,
  ZDO_DIRECT_CB: 0x008f,
  SAPI_ENDPOINT: 0x00a1,
  TCLK_SEED: 0x0101,
};

/** What it has not, or rarely. */
const RARE_ITEMS: Readonly<Record<string, number>> = {
  HAS_CONFIGURED_ZSTACK1: 0x0f00,
  ZIGPY_ZNP_MIGRATION_ID: 0x005f,
  BOOTCOUNTER: 0x0002,
  DEVICE_LIST: 0x0022,
  ADDRMGR: 0x0023,
  QUEUED_POLL_RATE: 0x0025,
  RESPONSE_POLL_RATE: 0x0026,
  REJOIN_POLL_RATE: 0x0027,
  NWK_MODE: 0x0031,
  DEVICE_LIST_KA_TIMEOUT: 0x003f,
  BINDING_TABLE: 0x0041,
  DIAGNOSTIC_STATS: 0x0050,
  BDBREPORTINGCONFIG: 0x0056,
  SECURITY_LEVEL: 0x0061,
  SECURITY_MODE: 0x0064,
  DISTRIBUTED_KEY: 0x0068,
  IMPLICIT_CERTIFICATE: 0x0069,
  DEVICE_PRIVATE_KEY: 0x006a,
  CA_PUBLIC_KEY: 0x006b,
  KE_MAX_DEVICES: 0x006c,
  RNG_COUNTER: 0x006f,
  RANDOM_SEED: 0x0070,
  CERT_283: 0x0072,
  PRIVATE_KEY_283: 0x0073,
  PUBLIC_KEY_283: 0x0074,
  LEGACY_NWK_SEC_MATERIAL_TABLE_END: 0x0080,
  NWKMGR_ADDR: 0x0089,
  SCENE_TABLE: 0x0091,
  MIN_FREE_NWK_ADDR: 0x0092,
  MAX_FREE_NWK_ADDR: 0x0093,
  MIN_FREE_GRP_ID: 0x0094,
  MAX_FREE_GRP_ID: 0x0095,
  MIN_GRP_IDS: 0x0096,
  MAX_GRP_IDS: 0x0097,
  OTA_BLOCK_REQ_DELAY: 0x0098,
  SAS_SHORT_ADDR: 0x00b1,
  SAS_EXT_PANID: 0x00b2,
  SAS_PANID: 0x00b3,
  SAS_CHANNEL_MASK: 0x00b4,
  SAS_PROTOCOL_VER: 0x00b5,
  SAS_STACK_PROFILE: 0x00b6,
  SAS_STARTUP_CTRL: 0x00b7,
  SAS_TC_ADDR: 0x00c1,
  SAS_TC_MASTER_KEY: 0x00c2,
  SAS_NWK_KEY: 0x00c3,
  SAS_USE_INSEC_JOIN: 0x00c4,
  SAS_PRECFG_LINK_KEY: 0x00c5,
  SAS_NWK_KEY_SEQ_NUM: 0x00c6,
  SAS_NWK_KEY_TYPE: 0x00c7,
  SAS_NWK_MGR_ADDR: 0x00c8,
  SAS_CURR_TC_MASTER_KEY: 0x00d1,
  SAS_CURR_NWK_KEY: 0x00d2,
  SAS_CURR_PRECFG_LINK_KEY: 0x00d3,
  USE_NVOCMP: 0x00ff,
  TCLK_JOIN_DEV: 0x0102,
  TCLK_DEFAULT: 0x0103,
  LEGACY_TCLK_IC_TABLE_END: 0x0110,
  LEGACY_TCLK_TABLE_END: 0x01ff,
  LEGACY_APS_LINK_KEY_DATA_END: 0x02ff,
  DUPLICATE_BINDING_TABLE: 0x0300,
  DUPLICATE_DEVICE_LIST: 0x0301,
  DUPLICATE_DEVICE_LIST_KA_TIMEOUT: 0x0302,
  LEGACY_PROXY_TABLE_END: 0x031f,
  LEGACY_SINK_TABLE_END: 0x032f,
  APP_ITEM_1: 0x0f01,
  APP_ITEM_2: 0x0f02,
  APP_ITEM_3: 0x0f03,
  APP_ITEM_4: 0x0f04,
  APP_ITEM_5: 0x0f05,
  APP_ITEM_6: 0x0f06,
  RF_TEST_PARMS: 0x0f07,
  UNKNOWN: 0x0f08,
};

const SINGLE_ITEMS: Readonly<Record<string, number>> = { ...COMMON_ITEMS, ...RARE_ITEMS };

/** First and last number of what Z-Stack 3.0.x keeps in ranges of legacy items; the last is an item of its own, above. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  LEGACY_NWK_SEC_MATERIAL_TABLE_START: [0x0075, 0x0080],
  LEGACY_TCLK_IC_TABLE_START: [0x0104, 0x0110],
  LEGACY_TCLK_TABLE_START: [0x0111, 0x01ff],
  LEGACY_APS_LINK_KEY_DATA_START: [0x0201, 0x02ff],
  LEGACY_PROXY_TABLE_START: [0x0310, 0x031f],
  LEGACY_SINK_TABLE_START: [0x0320, 0x032f],
};

/** Tables of Z-Stack 3.x.0, all in the one system of items that the stack itself uses. */
export const TABLES: Readonly<Record<string, number>> = {
  ADDRMGR: 0x0001,
  BINDING_TABLE: 0x0002,
  DEVICE_LIST: 0x0003,
  TCLK_TABLE: 0x0004,
  TCLK_IC_TABLE: 0x0005,
  APS_KEY_DATA_TABLE: 0x0006,
  NWK_SEC_MATERIAL_TABLE: 0x0007,
};

/** Has no length, though it can be read and written: a window onto POLL_RATE. */
export const PROXIED_ITEM = "POLL_RATE_OLD16";

/** Whether an item is usually there, so that it is read without asking for its length first. */
export function isCommon(name: string): boolean {
  return name in COMMON_ITEMS;
}

export const SINGLE_NAMES: readonly string[] = Object.keys(SINGLE_ITEMS);

/** The names of a range in order, without its last, for each range. */
export const RANGE_NAMES: readonly (readonly string[])[] = Object.entries(RANGES).map(([name, [first, last]]) =>
  Array.from({ length: last - first }, (_, offset) => `${name}+${offset}`),
);

/** The number of a legacy item; undefined for a name that nobody knows. */
export function legacyId(name: string): number | undefined {
  const [base = "", offset] = name.split("+");
  const first = RANGES[base]?.[0];
  if (offset === undefined) return SINGLE_ITEMS[name];
  return first === undefined ? SINGLE_ITEMS[base] : first + Number(offset);
}

/** The name of a row, as zigpy-znp writes it. */
export function rowName(row: number): string {
  return `0x${row.toString(16).toUpperCase().padStart(4, "0")}`;
}
