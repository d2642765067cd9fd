import { Subsystem } from "./framing.ts";
import type { MtClient, MtCommand } from "./mt-client.ts";

/** Statuses of Z-Stack's NVRAM (TI's ZComDef.h, OSAL_Nv.h). */
export const NV_STATUS = {
  SUCCESS: 0x00,
  INVALID_PARAMETER: 0x02,
  /** It did not exist; as the answer to its creation: it does now. */
  ITEM_UNINIT: 0x09,
  OPER_FAILED: 0x0a,
  BAD_ITEM_LEN: 0x0c,
} as const;

/** Where a legacy item is, or a row of a table of Z-Stack's own system. */
export type NvAddress =
  | { readonly kind: "legacy"; readonly id: number }
  | { readonly kind: "row"; readonly table: number; readonly row: number };

/** The bytes that fit into one write: a frame holds 250, the address of a row among them. */
export const LONGEST_WRITE = 240;
/** The bytes that come with one answer at most. */
export const LONGEST_READ = 246;

export interface NvRead {
  readonly status: number;
  readonly value: Buffer;
}

const ZSTACK_SYSTEM = 1;
const sys = (id: number): MtCommand => ({ subsystem: Subsystem.SYS, id });

/** Bytes of an item; 0: it does not exist. */
export async function nvLength(mt: MtClient, address: NvAddress): Promise<number> {
  if (address.kind === "legacy") return (await mt.request(sys(0x13), u16(address.id))).readUInt16LE(0);
  return (await mt.request(sys(0x32), row(address))).readUInt32LE(0);
}

/** Reads from an offset on. @param length how much of a row; a legacy item gives what fits */
export async function nvRead(mt: MtClient, address: NvAddress, offset: number, length: number): Promise<NvRead> {
  const answer =
    address.kind === "legacy"
      ? await mt.request(sys(0x1c), u16(address.id, offset))
      : await mt.request(sys(0x33), Buffer.concat([row(address), u16(offset), u8(Math.min(length, LONGEST_READ))]));
  return readAnswer(answer);
}

/** Reads a legacy item by the oldest of the commands, which alone knows some items. */
export async function nvReadOld(mt: MtClient, id: number): Promise<NvRead> {
  return readAnswer(await mt.request(sys(0x08), Buffer.concat([u16(id), u8(0)])));
}

/** Makes an item of so many bytes. @returns the status; a new legacy item has ITEM_UNINIT, a new row that or SUCCESS */
export async function nvCreate(mt: MtClient, address: NvAddress, length: number): Promise<number> {
  if (address.kind === "legacy") return status(mt.request(sys(0x07), Buffer.concat([u16(address.id, length), u8(0)])));
  return status(mt.request(sys(0x30), Buffer.concat([row(address), u32(length)])));
}

export async function nvWrite(mt: MtClient, address: NvAddress, offset: number, bytes: Buffer): Promise<number> {
  if (address.kind === "legacy")
    return status(mt.request(sys(0x1d), Buffer.concat([u16(address.id, offset, bytes.length), bytes])));
  return status(mt.request(sys(0x34), Buffer.concat([row(address), u16(offset), u8(bytes.length), bytes])));
}

export async function nvDelete(mt: MtClient, address: NvAddress, length: number): Promise<number> {
  if (address.kind === "legacy") return status(mt.request(sys(0x12), u16(address.id, length)));
  return status(mt.request(sys(0x31), row(address)));
}

function readAnswer(answer: Buffer): NvRead {
  return { status: answer.readUInt8(0), value: answer.subarray(2, 2 + (answer.length > 1 ? answer.readUInt8(1) : 0)) };
}

async function status(answer: Promise<Buffer>): Promise<number> {
  return (await answer).readUInt8(0);
}

function row(address: { readonly table: number; readonly row: number }): Buffer {
  return Buffer.concat([u8(ZSTACK_SYSTEM), u16(address.table, address.row)]);
}

function u8(value: number): Buffer {
  return Buffer.from([value]);
}

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16LE(value, index * 2));
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
