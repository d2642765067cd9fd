import { ieeeFromBytes, ieeeToBytes, u16 } from "./bytes.ts";
import type { Nvram } from "./nvram.ts";
import { TABLES } from "./nvram-layout.ts";

/** Why an address is remembered: bits of the first byte of an ADDRMGR entry. */
export const ADDRESS_USER = { CHILD: 0x01, SECURITY: 0x02 } as const;

export interface KnownAddress {
  readonly index: number;
  readonly user: number;
  /** Short address. */
  readonly address: number;
  /** 16 hex digits. */
  readonly ieee: string;
}

const UNUSED = 0xff;
const EMPTY = Buffer.from(TABLES.ADDRMGR.empty, "hex");

/** The address manager: which extended address has which short one, and who needs to know. */
export class AddressTable {
  readonly #nvram: Nvram;

  constructor(nvram: Nvram) {
    this.#nvram = nvram;
  }

  all(): KnownAddress[] {
    return this.#nvram.entries("ADDRMGR").flatMap((entry, index) => {
      const user = entry.readUInt8(0);
      if (user === UNUSED || user === 0) return [];
      return [{ index, user, address: entry.readUInt16LE(2), ieee: ieeeFromBytes(entry.subarray(4, 12)) }];
    });
  }

  byIeee(ieee: string): KnownAddress | undefined {
    return this.all().find((known) => known.ieee === ieee);
  }

  byAddress(address: number): KnownAddress | undefined {
    return this.all().find((known) => known.address === address);
  }

  /** Remembers a device under its new short address, with one more reason. @returns its index, -1: the table is full */
  remember(ieee: string, address: number, user: number): number {
    const known = this.byIeee(ieee);
    const index = known?.index ?? this.#nvram.entries("ADDRMGR").findIndex((entry) => entry.readUInt8(0) === UNUSED);
    if (index < 0) return -1;
    const reasons = (known?.user ?? 0) | user;
    this.#nvram.setEntry(
      "ADDRMGR",
      index,
      Buffer.concat([Buffer.from([reasons, 0xff]), u16(address), ieeeToBytes(ieee)]),
    );
    return index;
  }

  /** Drops a reason, and the device when none is left. */
  forget(ieee: string, user: number): void {
    const known = this.byIeee(ieee);
    if (!known) return;
    const reasons = known.user & ~user;
    if (reasons === 0) {
      this.#nvram.setEntry("ADDRMGR", known.index, EMPTY);
      return;
    }
    const address = u16(known.address);
    this.#nvram.setEntry(
      "ADDRMGR",
      known.index,
      Buffer.concat([Buffer.from([reasons, 0xff]), address, ieeeToBytes(ieee)]),
    );
  }
}
