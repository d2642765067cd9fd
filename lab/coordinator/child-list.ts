import { u16, u32 } from "./bytes.ts";
import { TABLES } from "./nvram-layout.ts";
import type { Nvram } from "./nvram.ts";

/** Relation of a node to its parent: an end device that sleeps, one that does not, a router that was not seen as such. */
export const NODE_RELATION = { SLEEPY_CHILD: 1, CHILD: 2, ROUTER_CHILD: 3 } as const;

export interface Child {
  readonly address: number;
  /** Index in the address manager. */
  readonly addressIndex: number;
  readonly relation: number;
}

const UNUSED = 0xffff;
const EMPTY = Buffer.from(TABLES.DEVICE_LIST.empty, "hex");
/** Children that do not speak for so many minutes are forgotten (2 to the power of 8). */
const TIMEOUT_MINUTES = 256;

/** Devices that the coordinator is the parent of (DEVICE_LIST). */
export class ChildList {
  readonly #nvram: Nvram;

  constructor(nvram: Nvram) {
    this.#nvram = nvram;
  }

  all(): Child[] {
    return this.#nvram.entries("DEVICE_LIST").flatMap((entry) => {
      const address = entry.readUInt16LE(0);
      if (address === UNUSED) return [];
      return [{ address, addressIndex: entry.readUInt16LE(2), relation: entry.readUInt8(4) }];
    });
  }

  has(addressIndex: number): boolean {
    return this.all().some((child) => child.addressIndex === addressIndex);
  }

  /** @returns false when the list is full */
  add(child: Child): boolean {
    const entries = this.#nvram.entries("DEVICE_LIST");
    const known = entries.findIndex((entry) => entry.readUInt16LE(2) === child.addressIndex);
    const index = known >= 0 ? known : entries.findIndex((entry) => entry.readUInt16LE(0) === UNUSED);
    if (index < 0) return false;
    const status = Buffer.from([child.relation, 0, 0, 0, 0, 0, 0, 0]);
    const entry = Buffer.concat([u16(child.address, child.addressIndex), status, u32(TIMEOUT_MINUTES)]);
    this.#nvram.setEntry("DEVICE_LIST", index, entry);
    return true;
  }

  remove(addressIndex: number): void {
    const index = this.#nvram.entries("DEVICE_LIST").findIndex((entry) => entry.readUInt16LE(2) === addressIndex);
    if (index >= 0) this.#nvram.setEntry("DEVICE_LIST", index, EMPTY);
  }
}
