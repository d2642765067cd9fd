import { randomBytes } from "node:crypto";
import { ieeeToBytes, u8, u16, u32, type ByteReader } from "./bytes.ts";
import type { MtCommands, MtContext } from "./mt-command.ts";
import { STATUS } from "./mt-ids.ts";
import { legacy, type NvAddress } from "./nvram.ts";

/** SYS, AF, ZDO, UTIL, Green Power and APP_CNF. */
const CAPABILITIES = 0x0659;
/** Transport 2, product 1 (Z-Stack 3.x.0), release 2.7.1. */
const VERSION = [2, 1, 2, 7, 1] as const;
const REVISION = 20_221_226;
/** Bytes of an item that fit into one response. */
const MAX_READ = 246;

export const RESET_INDICATION = 0x80;

/** Data of SYS_RESET_IND: reason power-up, transport, product, release 2.7, hardware revision 1. */
export function resetIndication(): Buffer {
  const [transport, product, major, minor] = VERSION;
  return u8(0, transport, product, major, minor, 1);
}

export const sysCommands: MtCommands = {
  0x00: (_data, context) => {
    context.reset();
    return undefined;
  },
  0x01: () => u16(CAPABILITIES),
  0x02: () => Buffer.concat([u8(...VERSION), u32(REVISION)]),
  0x04: (_data, { stack }) => ieeeToBytes(stack.ieee),
  // osalNvItemInit
  0x07: (data, { nvram }) => {
    const address = legacy(data.u16());
    const length = data.u16();
    return u8(nvram.create(address, length, data.take(data.u8())));
  },
  // osalNvRead, osalNvWrite: offsets of one byte
  0x08: (data, context) => readItem(legacy(data.u16()), data.u8(), context),
  0x09: (data, { nvram }) => u8(nvram.write(legacy(data.u16()), data.u8(), data.take(data.u8()))),
  0x0c: () => randomBytes(2),
  // stackTune: the transmit power that was asked for
  0x0f: (data) => u8(STATUS.SUCCESS, data.take(2).readUInt8(1)),
  // osalNvDelete, osalNvLength
  0x12: (data, { nvram }) => u8(nvram.delete(legacy(data.u16()), data.u16())),
  0x13: (data, { nvram }) => u16(nvram.length(legacy(data.u16()))),
  // osalNvReadExt, osalNvWriteExt: offsets and lengths of two bytes
  0x1c: (data, context) => readItem(legacy(data.u16()), data.u16(), context),
  0x1d: (data, { nvram }) => u8(nvram.write(legacy(data.u16()), data.u16(), data.take(data.u16()))),
  // nvCreate, nvDelete, nvLength
  0x30: (data, { nvram }) => {
    const status = nvram.create(extended(data), data.u32());
    // Here, other than in the old interface, a new item is no special case.
    return u8(status === STATUS.NV_ITEM_UNINIT ? STATUS.SUCCESS : status);
  },
  0x31: (data, { nvram }) => u8(nvram.delete(extended(data))),
  0x32: (data, { nvram }) => u32(nvram.length(extended(data))),
  // nvRead, nvWrite
  0x33: (data, { nvram }) => {
    const address = extended(data);
    const value = nvram.read(address, data.u16())?.subarray(0, Math.min(data.u8(), MAX_READ));
    return value ? Buffer.concat([u8(STATUS.SUCCESS, value.length), value]) : u8(STATUS.INVALID_PARAMETER, 0);
  },
  0x34: (data, { nvram }) => u8(nvram.write(extended(data), data.u16(), data.take(data.u8()))),
};

function readItem(address: NvAddress, offset: number, { nvram }: MtContext): Buffer {
  const value = nvram.read(address, offset)?.subarray(0, MAX_READ);
  return value ? Buffer.concat([u8(STATUS.SUCCESS, value.length), value]) : u8(STATUS.INVALID_PARAMETER, 0);
}

function extended(data: ByteReader): NvAddress {
  return { system: data.u8(), table: data.u16(), entry: data.u16() };
}
