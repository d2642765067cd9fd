import { createHash, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const SHOWN = "[network key]";

/** A network key that cannot be printed by accident: string, JSON and inspection show a placeholder (I10). */
export class NetworkKey {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  /** SHA-256 as hex: tells keys apart, and may be stored and shown. */
  fingerprint(): string {
    return createHash("sha256").update(this.#bytes).digest("hex");
  }

  equals(other: NetworkKey): boolean {
    return this.#bytes.length === other.#bytes.length && timingSafeEqual(this.#bytes, other.#bytes);
  }

  /** The key itself. The caller must keep it out of logs, errors and history. */
  reveal(): Buffer {
    return Buffer.from(this.#bytes);
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
