/** Numbers of the Monitor and Test protocol that several files use. */

export const SUBSYSTEM = { RPC_ERROR: 0, SYS: 1, AF: 4, ZDO: 5, UTIL: 7, APP_CNF: 15 } as const;

export const STATUS = {
  SUCCESS: 0x00,
  FAILURE: 0x01,
  INVALID_PARAMETER: 0x02,
  /** NV_ITEM_UNINIT: the item did not exist (and has been made). */
  NV_ITEM_UNINIT: 0x09,
  NV_OPER_FAILED: 0x0a,
  NV_BAD_ITEM_LEN: 0x0c,
  APS_NO_ACK: 0xb7,
  APS_DUPLICATE_ENTRY: 0xb8,
  NWK_INVALID_REQUEST: 0xc2,
  NWK_NO_ROUTE: 0xcd,
  MAC_NO_ACK: 0xe9,
  MAC_TRANSACTION_EXPIRED: 0xf0,
} as const;

/** Device states that a coordinator passes through, as UTIL_GET_DEVICE_INFO and ZDO_STATE_CHANGE_IND name them. */
export const DEVICE_STATE = {
  /** Initialised, not started. */
  HOLD: 0,
  STARTING_AS_COORDINATOR: 8,
  STARTED_AS_COORDINATOR: 9,
} as const;
