import { randomInt } from "node:crypto";
import { ieeeFromBytes, ieeeToBytes, u32 } from "./bytes.ts";
import { TABLES } from "./nvram-layout.ts";
import type { Nvram } from "./nvram.ts";

/** Changes of a trust center link key's counter before it is written to NVRAM. */
const CHANGES_BETWEEN_SAVES = 10;
/** The same for an application link key. */
const APPLICATION_CHANGES_BETWEEN_SAVES = 1000;
const KEY_ATTRIBUTE = { UNVERIFIED: 0x01, VERIFIED: 0x02 } as const;
const NOBODY = "0000000000000000";
const EMPTY = Buffer.from(TABLES.TCLK_TABLE.empty, "hex");
/** An entry of APS_LINK_KEY_TABLE: index in the address manager, index in APS_KEY_DATA_TABLE, state, padding. */
const LINK_ENTRY_LENGTH = 6;
const NOT_AUTHENTICATED = 0;

interface LinkKeyEntry {
  readonly index: number;
  readonly ieee: string;
  readonly shift: number;
  readonly attributes: number;
  readonly sent: number;
  readonly received: number;
}

/**
 * Link keys between the trust center and devices. A device's key is not stored but made from TCLK_SEED, turned by the
 * entry's shift, and the device's address. Counters run in RAM and are in NVRAM as of the last save.
 */
export class LinkKeys {
  readonly #nvram: Nvram;
  readonly #ram = new Map<string, { sent: number; received: number }>();

  constructor(nvram: Nvram) {
    this.#nvram = nvram;
  }

  /** At every boot each counter jumps over what may have been sent since its last save, in NVRAM too. */
  boot(): void {
    this.#ram.clear();
    for (const entry of this.#entries()) {
      if (entry.ieee !== NOBODY) this.#write({ ...entry, sent: entry.sent + CHANGES_BETWEEN_SAVES + 1 });
    }
  }

  /** At every start of the stack the counters of the keys in APS_KEY_DATA_TABLE jump likewise. */
  restoreApplicationKeys(): void {
    const links = this.#nvram.get("APS_LINK_KEY_TABLE");
    const data = this.#nvram.entries("APS_KEY_DATA_TABLE");
    if (!links || links.readUInt16LE(0) === 0) return;
    for (let offset = 2; offset + LINK_ENTRY_LENGTH <= links.length; offset += LINK_ENTRY_LENGTH) {
      const index = links.readUInt16LE(offset + 2);
      const entry = data[index];
      if (!entry || links.readUInt8(offset + 4) === NOT_AUTHENTICATED) continue;
      const raised = Buffer.from(entry);
      raised.writeUInt32LE((raised.readUInt32LE(16) + APPLICATION_CHANGES_BETWEEN_SAVES + 1) >>> 0, 16);
      this.#nvram.setEntry("APS_KEY_DATA_TABLE", index, raised);
    }
  }

  /** The link key of a device; undefined: it has none. */
  keyOf(ieee: string): Buffer | undefined {
    const entry = this.#entryOf(ieee);
    const seed = this.#nvram.get("TCLK_SEED");
    if (!entry || !seed) return undefined;
    const address = ieeeToBytes(ieee);
    return Buffer.from(seed.map((_, i) => (seed[(i + entry.shift) % 16] ?? 0) ^ (address[i % 8] ?? 0)));
  }

  isVerified(ieee: string): boolean {
    return this.#entryOf(ieee)?.attributes === KEY_ATTRIBUTE.VERIFIED;
  }

  /** Gives a device a new key, not verified yet. @returns undefined when the table is full */
  create(ieee: string): Buffer | undefined {
    const known = this.#entryOf(ieee);
    const free = known ?? this.#entries().find((entry) => entry.ieee === NOBODY);
    if (!free) return undefined;
    const shift = known ? (known.shift + 1) % 16 : randomInt(16);
    this.#ram.set(ieee, { sent: 0, received: 0 });
    this.#write({ index: free.index, ieee, shift, attributes: KEY_ATTRIBUTE.UNVERIFIED, sent: 0, received: 0 });
    return this.keyOf(ieee);
  }

  verify(ieee: string): void {
    const entry = this.#entryOf(ieee);
    if (entry) this.#write({ ...entry, attributes: KEY_ATTRIBUTE.VERIFIED });
  }

  remove(ieee: string): void {
    const entry = this.#entryOf(ieee);
    this.#ram.delete(ieee);
    if (entry) this.#nvram.setEntry("TCLK_TABLE", entry.index, EMPTY);
  }

  /** The counter for one more frame under a device's link key. */
  takeCounter(ieee: string): number {
    const entry = this.#entryOf(ieee);
    const counters = this.#ram.get(ieee) ?? { sent: entry?.sent ?? 0, received: entry?.received ?? 0 };
    const counter = counters.sent;
    counters.sent += 1;
    this.#ram.set(ieee, counters);
    if (entry && counters.sent % CHANGES_BETWEEN_SAVES === 0) this.#write({ ...entry, ...counters });
    return counter;
  }

  #entryOf(ieee: string): LinkKeyEntry | undefined {
    return this.#entries().find((entry) => entry.ieee === ieee);
  }

  #entries(): LinkKeyEntry[] {
    return this.#nvram.entries("TCLK_TABLE").map((entry, index) => ({
      index,
      sent: entry.readUInt32LE(0),
      received: entry.readUInt32LE(4),
      ieee: ieeeFromBytes(entry.subarray(8, 16)),
      attributes: entry.readUInt8(16),
      shift: entry.readUInt8(18),
    }));
  }

  #write({ index, ieee, shift, attributes, sent, received }: LinkKeyEntry): void {
    const key = Buffer.from([attributes, 0, shift, 0]);
    this.#nvram.setEntry("TCLK_TABLE", index, Buffer.concat([u32(sent), u32(received), ieeeToBytes(ieee), key]));
  }
}
