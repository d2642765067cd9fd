/** Reads little-endian fields one after the other. Every method throws RangeError at the end of the data. */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8(): number {
    const value = this.#bytes.readUInt8(this.#offset);
    this.#offset += 1;
    return value;
  }

  u16(): number {
    const value = this.#bytes.readUInt16LE(this.#offset);
    this.#offset += 2;
    return value;
  }

  u32(): number {
    const value = this.#bytes.readUInt32LE(this.#offset);
    this.#offset += 4;
    return value;
  }

  /** An EUI-64, sent least significant byte first, as 16 hex digits in the order people write it. */
  ieee(): string {
    return ieeeFromBytes(this.take(8));
  }

  take(length: number): Buffer {
    if (this.#offset + length > this.#bytes.length) throw new RangeError("The data end too early.");
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#offset);
  }
}

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16LE(value, index * 2));
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** 16 hex digits, with or without 0x, as the eight bytes that go over the air and into NVRAM. */
export function ieeeToBytes(ieee: string): Buffer {
  return Buffer.from(Buffer.from(ieee.replace(/^0x/, "").padStart(16, "0"), "hex").toReversed());
}

/** Eight bytes, least significant first, as 16 hex digits without 0x. */
export function ieeeFromBytes(bytes: Buffer): string {
  return Buffer.from(bytes.toReversed()).toString("hex");
}
