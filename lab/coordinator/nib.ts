import { ieeeFromBytes, ieeeToBytes } from "./bytes.ts";

/** What of the network information base the emulation uses; the rest of its 116 bytes keeps its value. */
export interface NetworkInformation {
  readonly panId: number;
  /** 16 hex digits. */
  readonly extendedPanId: string;
  /** 11-26. */
  readonly channel: number;
  readonly channelMask: number;
  readonly updateId: number;
  readonly keyLoaded: boolean;
}

const LENGTH = 116;
/** Offsets in the aligned layout of 32-bit chips. */
const OFFSET = {
  deviceAddress: 22,
  channel: 24,
  coordinatorAddress: 26,
  coordinatorIeee: 28,
  panId: 36,
  state: 38,
  channelMask: 40,
  extendedPanId: 57,
  keyLoaded: 65,
  updateId: 114,
} as const;

/** A NIB as it is before the first network, with the settings that a coordinator's firmware has. */
function emptyNib(): Buffer {
  const nib = Buffer.alloc(LENGTH);
  // Sequence number, passive ack timeout, broadcast retries, children, depth, routers; delivery time, and so on.
  Buffer.from("000502330f33001e0000000105018f00070002", "hex").copy(nib);
  Buffer.from("0d1e", "hex").copy(nib, 19);
  Buffer.from("0f0f0400", "hex").copy(nib, 44);
  nib.writeUInt32LE(1, 48);
  nib.writeUInt32LE(1, 52);
  Buffer.from("0f050001780a01", "hex").copy(nib, 102);
  return nib;
}

/** Reads a NIB; undefined when it is none or holds no network. */
export function readNib(nib: Buffer | undefined): NetworkInformation | undefined {
  if (!nib || nib.length !== LENGTH) return undefined;
  const channel = nib.readUInt8(OFFSET.channel);
  const panId = nib.readUInt16LE(OFFSET.panId);
  if (channel < 11 || channel > 26 || panId >= 0xfffe) return undefined;
  return {
    panId,
    extendedPanId: ieeeFromBytes(nib.subarray(OFFSET.extendedPanId, OFFSET.extendedPanId + 8)),
    channel,
    channelMask: nib.readUInt32LE(OFFSET.channelMask),
    updateId: nib.readUInt8(OFFSET.updateId),
    keyLoaded: nib.readUInt8(OFFSET.keyLoaded) === 1,
  };
}

/** A NIB with this network in it. @param previous a NIB whose other fields are kept */
export function writeNib(network: NetworkInformation, previous?: Buffer): Buffer {
  const nib = previous?.length === LENGTH ? Buffer.from(previous) : emptyNib();
  nib.writeUInt16LE(0, OFFSET.deviceAddress);
  nib.writeUInt16LE(0, OFFSET.coordinatorAddress);
  Buffer.alloc(8).copy(nib, OFFSET.coordinatorIeee);
  nib.writeUInt8(network.channel, OFFSET.channel);
  nib.writeUInt16LE(network.panId, OFFSET.panId);
  // Working as a router, which a coordinator is once its network runs.
  nib.writeUInt16LE(8, OFFSET.state);
  nib.writeUInt32LE(network.channelMask >>> 0, OFFSET.channelMask);
  ieeeToBytes(network.extendedPanId).copy(nib, OFFSET.extendedPanId);
  nib.writeUInt8(network.keyLoaded ? 1 : 0, OFFSET.keyLoaded);
  nib.writeUInt8(network.updateId, OFFSET.updateId);
  return nib;
}
