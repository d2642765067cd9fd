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
  /** 5 nearly always: encrypted, with a code of 32 bits. */
  readonly securityLevel: number;
}

interface Layout {
  readonly deviceAddress: number;
  readonly coordinatorAddress: number;
  readonly managerAddress: number;
  readonly channel: number;
  readonly panId: number;
  readonly channelMask: number;
  readonly extendedPanId: number;
  readonly keyLoaded: number;
  readonly updateId: number;
}

const LAYOUTS: Readonly<Record<number, Layout>> = {
  116: {
    deviceAddress: 22,
    channel: 24,
    coordinatorAddress: 26,
    panId: 36,
    channelMask: 40,
    extendedPanId: 57,
    keyLoaded: 65,
    managerAddress: 110,
    updateId: 114,
  },
  110: {
    deviceAddress: 20,
    channel: 22,
    coordinatorAddress: 23,
    panId: 33,
    channelMask: 36,
    extendedPanId: 53,
    keyLoaded: 61,
    managerAddress: 105,
    updateId: 109,
  },
};
const SECURITY_LEVEL = 12;

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
    securityLevel: item.readUInt8(SECURITY_LEVEL),
  };
}

/** The NIB with another network in it, as its coordinator; what is no part of a network stays. Undefined as for readNib. */
export function withNetwork(item: Buffer, network: Nib): Buffer | undefined {
  const layout = LAYOUTS[item.length];
  if (!layout) return undefined;
  const changed = Buffer.from(item);
  for (const address of [layout.deviceAddress, layout.coordinatorAddress, layout.managerAddress])
    changed.writeUInt16LE(0, address);
  changed.writeUInt8(network.channel, layout.channel);
  changed.writeUInt16LE(network.panId, layout.panId);
  changed.writeUInt32LE(network.channelMask, layout.channelMask);
  changed.writeBigUInt64LE(BigInt(network.extendedPanId), layout.extendedPanId);
  changed.writeUInt8(network.keyLoaded ? 1 : 0, layout.keyLoaded);
  changed.writeUInt8(network.updateId, layout.updateId);
  changed.writeUInt8(network.securityLevel, SECURITY_LEVEL);
  return changed;
}

/** Eight bytes, stored least significant first, as Zigbee2MQTT writes an address: `0x00124b0012345678`. */
export function readEui64(bytes: Buffer, offset: number): string {
  return `0x${bytes.readBigUInt64LE(offset).toString(16).padStart(16, "0")}`;
}

export const EUI64_ZERO = "0x0000000000000000";
export const EUI64_ALL = "0xffffffffffffffff";
