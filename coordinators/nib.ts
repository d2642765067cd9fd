/**
 * The Network Information Base: the item in which Z-Stack keeps its network. Chips with 16 bit alignment (CC13xx, CC26xx)
 * store 116 bytes, CC253x 110; the fields are the same (TI's Z-Stack 3.0.2 `nwk.h`). Numbers are little-endian.
 */
export interface Nib {
  readonly channel: number;
  readonly panId: number;
  /** One bit a channel: bit 11 is channel 11. */
  readonly channelMask: number;
  /** As Zigbee2MQTT writes it: `0x` and 16 hex digits, most significant first. */
  readonly extendedPanId: string;
  readonly keyLoaded: boolean;
  readonly updateId: number;
}

interface Layout {
  readonly channel: number;
  readonly panId: number;
  readonly channelMask: number;
  readonly extendedPanId: number;
  readonly keyLoaded: number;
  readonly updateId: number;
}

const LAYOUTS: Readonly<Record<number, Layout>> = {
  116: { channel: 24, panId: 36, channelMask: 40, extendedPanId: 57, keyLoaded: 65, updateId: 114 },
  110: { channel: 22, panId: 33, channelMask: 36, extendedPanId: 53, keyLoaded: 61, updateId: 109 },
};

/** The network of a NIB item, undefined where its length is not one of the two that are known. */
export function readNib(item: Buffer): Nib | undefined {
  const layout = LAYOUTS[item.length];
  if (!layout) return undefined;
  return {
    channel: item.readUInt8(layout.channel),
    panId: item.readUInt16LE(layout.panId),
    channelMask: item.readUInt32LE(layout.channelMask),
    extendedPanId: readEui64(item, layout.extendedPanId),
    keyLoaded: item.readUInt8(layout.keyLoaded) !== 0,
    updateId: item.readUInt8(layout.updateId),
  };
}

/** Eight bytes, stored least significant first, as Zigbee2MQTT writes an address: `0x00124b0012345678`. */
export function readEui64(bytes: Buffer, offset: number): string {
  return `0x${bytes.readBigUInt64LE(offset).toString(16).padStart(16, "0")}`;
}

export const EUI64_ZERO = "0x0000000000000000";
export const EUI64_ALL = "0xffffffffffffffff";
