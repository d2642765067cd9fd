/** Framing of TI's Monitor and Test protocol: FE, length, two command bytes, data, and the exclusive or of all but FE. */

const START = 0xfe;
const MAX_DATA = 250;
/** Start byte, length, two command bytes, check byte. */
const OVERHEAD = 5;

export type MtType = "poll" | "sreq" | "areq" | "srsp";

const TYPES: readonly MtType[] = ["poll", "sreq", "areq", "srsp"];

export interface MtFrame {
  readonly type: MtType;
  /** Subsystem, 0-31. */
  readonly subsystem: number;
  /** Command within the subsystem, 0-255. */
  readonly id: number;
  /** Up to 250 bytes. */
  readonly data: Buffer;
}

/** The bytes of a frame. Throws RangeError when its data do not fit. */
export function encodeMtFrame(frame: MtFrame): Buffer {
  if (frame.data.length > MAX_DATA)
    throw new RangeError(`An MT frame holds ${MAX_DATA} bytes, not ${frame.data.length}.`);
  const bytes = Buffer.alloc(frame.data.length + OVERHEAD);
  bytes[0] = START;
  bytes[1] = frame.data.length;
  bytes[2] = (TYPES.indexOf(frame.type) << 5) | frame.subsystem;
  bytes[3] = frame.id;
  frame.data.copy(bytes, 4);
  bytes[bytes.length - 1] = checkByte(bytes.subarray(1, -1));
  return bytes;
}

/** Finds frames in a stream of bytes; what is no frame is skipped byte by byte. */
export class MtFrameParser {
  #pending: Buffer = Buffer.alloc(0);

  /** Takes what arrived and returns the frames that are now complete. */
  push(chunk: Buffer): MtFrame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: MtFrame[] = [];
    for (;;) {
      const start = this.#pending.indexOf(START);
      this.#pending = start < 0 ? Buffer.alloc(0) : this.#pending.subarray(start);
      if (this.#pending.length < OVERHEAD) return frames;
      const length = this.#pending.readUInt8(1);
      if (length > MAX_DATA) {
        this.#pending = this.#pending.subarray(1);
        continue;
      }
      const end = length + OVERHEAD;
      if (this.#pending.length < end) return frames;
      const bytes = this.#pending.subarray(0, end);
      if (bytes[end - 1] !== checkByte(bytes.subarray(1, -1))) {
        // A start byte within garbage: the real one may be among the bytes that look like its data.
        this.#pending = this.#pending.subarray(1);
        continue;
      }
      frames.push(decode(bytes));
      this.#pending = this.#pending.subarray(end);
    }
  }

  /** Forgets an incomplete frame, as a reset does. */
  clear(): void {
    this.#pending = Buffer.alloc(0);
  }
}

function decode(bytes: Buffer): MtFrame {
  const command = bytes.readUInt8(2);
  return {
    type: TYPES[(command >> 5) & 3] as MtType,
    subsystem: command & 0x1f,
    id: bytes.readUInt8(3),
    data: Buffer.from(bytes.subarray(4, -1)),
  };
}

function checkByte(bytes: Buffer): number {
  return bytes.reduce((check, byte) => check ^ byte, 0);
}
