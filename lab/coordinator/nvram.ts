import fs from "node:fs";
import path from "node:path";
import { LEGACY_ITEMS, POLL_RATE_OLD16, TABLES, type LegacyName, type TableName } from "./nvram-layout.ts";
import { STATUS } from "./mt-ids.ts";

/** The system whose tables hold the network. */
const ZSTACK = 1;
/** Table of the legacy items when they are addressed the extended way. */
const LEGACY_TABLE = 0;
const HIGHEST_LEGACY_ID = 0x03ff;
/** Changes within this time are written to the file together, in milliseconds. */
const SAVE_DELAY_MS = 50;

/** Where an item is: the extended address, of which a legacy item is the case `table 0`. */
export interface NvAddress {
  readonly system: number;
  readonly table: number;
  readonly entry: number;
}

interface StoredNvram {
  readonly legacy: Readonly<Record<string, string>>;
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * The flash of one coordinator, kept in a JSON file (owner-only: it holds the network key). The file is replaced as a
 * whole, so that after a kill it is one state or the next. What a host does through MT goes by `create`, `write` and
 * `delete`; what the stack does by `set` and `setEntry`, which no injected fault touches.
 */
export class Nvram {
  readonly #file: string;
  readonly #legacy = new Map<number, Buffer>();
  readonly #tables = new Map<number, Map<number, Buffer>>();
  #saving: NodeJS.Timeout | undefined;
  /** Host writes until one fails, or is garbled; 0: none will. */
  #writesUntilFailure = 0;
  #writesUntilGarbled = 0;
  /** How often a host has written, created or deleted. */
  writes = 0;

  constructor(file: string) {
    this.#file = file;
    this.#load();
  }

  /** Lets the nth write, creation or deletion by the host from now on fail with NV_OPER_FAILED, and only that one. */
  failWriteAfter(nth: number): void {
    this.#writesUntilFailure = nth;
  }

  /** Lets the nth write of the host from now on succeed but keep a wrong last byte, as a worn cell does; only that one. */
  garbleWriteAfter(nth: number): void {
    this.#writesUntilGarbled = nth;
  }

  /** Bytes of an item; 0: it does not exist. */
  length(address: NvAddress): number {
    return this.#find(address)?.length ?? 0;
  }

  /** What is in an item from `offset` on; undefined: it does not exist or is shorter. */
  read(address: NvAddress, offset: number): Buffer | undefined {
    const value = isOldPollRate(address) ? this.get("POLL_RATE")?.subarray(0, 2) : this.#find(address);
    if (!value || offset >= value.length) return undefined;
    return Buffer.from(value.subarray(offset));
  }

  /** Makes an item of zeros, or with the first bytes given. @returns an MT status */
  create(address: NvAddress, length: number, initial: Buffer = Buffer.alloc(0)): number {
    if (this.#find(address)) return STATUS.SUCCESS;
    if (length === 0 || initial.length > length || !isWritable(address) || this.#faulty()) return STATUS.NV_OPER_FAILED;
    const value = Buffer.alloc(length);
    initial.copy(value);
    this.#put(address, value);
    return STATUS.NV_ITEM_UNINIT;
  }

  /** Replaces bytes of an existing item. @returns an MT status */
  write(address: NvAddress, offset: number, bytes: Buffer): number {
    const target = isOldPollRate(address) ? legacy(LEGACY_ITEMS.POLL_RATE.id) : address;
    const value = this.#find(target);
    if (!value) return STATUS.NV_ITEM_UNINIT;
    if (offset + bytes.length > value.length) return STATUS.NV_BAD_ITEM_LEN;
    if (this.#faulty()) return STATUS.NV_OPER_FAILED;
    bytes.copy(value, offset);
    if (bytes.length > 0 && this.#garbles()) {
      const last = offset + bytes.length - 1;
      value.writeUInt8(value.readUInt8(last) ^ 0x01, last);
    }
    this.#saveSoon();
    return STATUS.SUCCESS;
  }

  /** @param length when given, the item must have it. @returns an MT status */
  delete(address: NvAddress, length?: number): number {
    const value = this.#find(address);
    if (!value) return STATUS.NV_ITEM_UNINIT;
    if (length !== undefined && length !== value.length) return STATUS.NV_BAD_ITEM_LEN;
    if (this.#faulty()) return STATUS.NV_OPER_FAILED;
    this.#itemsOf(address)?.delete(address.entry);
    this.#saveSoon();
    return STATUS.SUCCESS;
  }

  get(name: LegacyName): Buffer | undefined {
    return this.#legacy.get(LEGACY_ITEMS[name].id);
  }

  set(name: LegacyName, value: Buffer): void {
    this.#legacy.set(LEGACY_ITEMS[name].id, Buffer.from(value));
    this.#saveSoon();
  }

  remove(name: LegacyName): void {
    this.#legacy.delete(LEGACY_ITEMS[name].id);
    this.#saveSoon();
  }

  /** The entries of a table from the first up to the first gap, as the stack itself sees them. */
  entries(name: TableName): Buffer[] {
    const table = this.#tables.get(TABLES[name].id);
    const entries: Buffer[] = [];
    for (let index = 0; ; index++) {
      const entry = table?.get(index);
      if (!entry) return entries;
      entries.push(entry);
    }
  }

  setEntry(name: TableName, index: number, value: Buffer): void {
    this.#put({ system: ZSTACK, table: TABLES[name].id, entry: index }, Buffer.from(value));
  }

  /** Writes what has changed to the file now. */
  save(): void {
    if (!this.#saving) return;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const stored: StoredNvram = {
      legacy: toHex(this.#legacy),
      tables: Object.fromEntries([...this.#tables].map(([id, entries]) => [String(id), toHex(entries)])),
    };
    fs.mkdirSync(path.dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.new`;
    fs.writeFileSync(draft, JSON.stringify(stored), { mode: 0o600 });
    fs.renameSync(draft, this.#file);
  }

  #load(): void {
    if (!fs.existsSync(this.#file)) return;
    const stored = JSON.parse(fs.readFileSync(this.#file, "utf8")) as StoredNvram;
    for (const [id, value] of Object.entries(stored.legacy)) this.#legacy.set(Number(id), Buffer.from(value, "hex"));
    for (const [id, entries] of Object.entries(stored.tables)) {
      const table = Object.entries(entries).map(
        ([index, value]) => [Number(index), Buffer.from(value, "hex")] as const,
      );
      this.#tables.set(Number(id), new Map(table));
    }
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.save(), SAVE_DELAY_MS);
  }

  #itemsOf({ system, table }: NvAddress): Map<number, Buffer> | undefined {
    if (system !== ZSTACK) return undefined;
    return table === LEGACY_TABLE ? this.#legacy : this.#tables.get(table);
  }

  #find(address: NvAddress): Buffer | undefined {
    return this.#itemsOf(address)?.get(address.entry);
  }

  #put(address: NvAddress, value: Buffer): void {
    if (address.table !== LEGACY_TABLE && !this.#tables.has(address.table)) this.#tables.set(address.table, new Map());
    this.#itemsOf(address)?.set(address.entry, value);
    this.#saveSoon();
  }

  #faulty(): boolean {
    this.writes += 1;
    if (this.#writesUntilFailure === 0) return false;
    this.#writesUntilFailure -= 1;
    return this.#writesUntilFailure === 0;
  }

  #garbles(): boolean {
    if (this.#writesUntilGarbled === 0) return false;
    this.#writesUntilGarbled -= 1;
    return this.#writesUntilGarbled === 0;
  }
}

/** The address of a legacy item. */
export function legacy(id: number): NvAddress {
  return { system: ZSTACK, table: LEGACY_TABLE, entry: id };
}

function isOldPollRate(address: NvAddress): boolean {
  return address.system === ZSTACK && address.table === LEGACY_TABLE && address.entry === POLL_RATE_OLD16;
}

function isWritable({ system, table, entry }: NvAddress): boolean {
  if (system !== ZSTACK) return false;
  return table !== LEGACY_TABLE || (entry <= HIGHEST_LEGACY_ID && entry !== POLL_RATE_OLD16);
}

function toHex(items: ReadonlyMap<number, Buffer>): Record<string, string> {
  return Object.fromEntries([...items].map(([id, value]) => [String(id), value.toString("hex")]));
}
