import { coordinatorError } from "./failures.ts";
import { legacyId, PROXIED_ITEM, TABLES } from "./item-names.ts";
import { NoAnswer, type MtClient } from "./mt-client.ts";
import {
  LONGEST_READ,
  LONGEST_WRITE,
  NV_STATUS,
  nvCreate,
  nvDelete,
  nvLength,
  nvRead,
  nvReadOld,
  nvWrite,
  type NvAddress,
} from "./nv-commands.ts";

/** Items whose answers are late are asked for again: every operation here can be done twice. */
const ATTEMPTS = 3;

/** Where an item of an image is: table `LEGACY` and a name, or a table and a row; undefined for what nobody knows. */
export function addressOf(table: string, key: string): NvAddress | undefined {
  if (table === "LEGACY") {
    const id = legacyId(key);
    return id === undefined ? undefined : { kind: "legacy", id };
  }
  const number = TABLES[table];
  return number === undefined ? undefined : { kind: "row", table: number, row: Number(key) };
}

/**
 * The value of an item, undefined where the firmware says that it does not exist, or that it may not be read.
 * @param expected its length, where that is known: it then takes one request
 * @throws UnderstudyError COORDINATOR_UNREADABLE for any other answer, and for none.
 */
export function readItem(mt: MtClient, address: NvAddress, expected?: number): Promise<Buffer | undefined> {
  return persistently(mt, "COORDINATOR_UNREADABLE", async () => {
    if (isProxied(address)) return readProxied(mt, address.id);
    return (await readAtOnce(mt, address, expected)) ?? readByLength(mt, address);
  });
}

/** Its length, 0 where it does not exist. Rejects as readItem. */
export function itemLength(mt: MtClient, address: NvAddress): Promise<number> {
  return persistently(mt, "COORDINATOR_UNREADABLE", () => nvLength(mt, address));
}

/**
 * Writes a whole item; makes it where it is missing, and anew where it has another length.
 * @param found its present length, where that was just read: it is then not asked for
 * @throws UnderstudyError COORDINATOR_WRITE_FAILED
 */
export function writeItem(mt: MtClient, address: NvAddress, value: Buffer, found?: number): Promise<void> {
  let known = isProxied(address) ? value.length : found;
  return persistently(mt, "COORDINATOR_WRITE_FAILED", async () => {
    const length = known ?? (await nvLength(mt, address));
    // What of this takes effect before an answer is lost is seen when it is tried again.
    known = isProxied(address) ? value.length : undefined;
    if (length !== value.length) await makeAnew(mt, address, length, value.length);
    for (let offset = 0; offset < value.length; offset += LONGEST_WRITE) {
      const status = await nvWrite(mt, address, offset, value.subarray(offset, offset + LONGEST_WRITE));
      if (status !== NV_STATUS.SUCCESS) throw refused(mt, "COORDINATOR_WRITE_FAILED", status);
    }
  });
}

/** Deletes an item. @returns whether there was one. Rejects as writeItem. */
export function deleteItem(mt: MtClient, address: NvAddress): Promise<boolean> {
  return persistently(mt, "COORDINATOR_WRITE_FAILED", async () => {
    const length = isProxied(address) ? 0 : await nvLength(mt, address);
    if (length === 0) return false;
    const status = await nvDelete(mt, address, length);
    if (status !== NV_STATUS.SUCCESS && status !== NV_STATUS.ITEM_UNINIT)
      throw refused(mt, "COORDINATOR_WRITE_FAILED", status);
    return true;
  });
}

async function makeAnew(mt: MtClient, address: NvAddress, length: number, wanted: number): Promise<void> {
  if (length !== 0) {
    const deleted = await nvDelete(mt, address, length);
    if (deleted !== NV_STATUS.SUCCESS) throw refused(mt, "COORDINATOR_WRITE_FAILED", deleted);
  }
  const created = await nvCreate(mt, address, wanted);
  if (created !== NV_STATUS.ITEM_UNINIT && created !== NV_STATUS.SUCCESS)
    throw refused(mt, "COORDINATOR_WRITE_FAILED", created);
}

/** Reads what fits into one answer, where that is certainly all of it; undefined where it is not. */
async function readAtOnce(mt: MtClient, address: NvAddress, expected: number | undefined): Promise<Buffer | undefined> {
  if (expected === undefined || expected > LONGEST_READ) return undefined;
  const { status, value } = await nvRead(mt, address, 0, expected);
  if (status !== NV_STATUS.SUCCESS || value.length === 0 || value.length >= LONGEST_READ) return undefined;
  // A row is cut to the length that was asked for, so one that is shorter is another.
  return address.kind === "row" && value.length !== expected ? undefined : value;
}

async function readByLength(mt: MtClient, address: NvAddress): Promise<Buffer | undefined> {
  const length = await nvLength(mt, address);
  if (length === 0) return undefined;
  let all = Buffer.alloc(0);
  while (all.length < length) {
    const { status, value } = await nvRead(mt, address, all.length, length - all.length);
    // What exists and is refused from its beginning is kept secret by the firmware.
    if (status === NV_STATUS.INVALID_PARAMETER && all.length === 0) return undefined;
    if (status !== NV_STATUS.SUCCESS || value.length === 0) throw refused(mt, "COORDINATOR_UNREADABLE", status);
    all = Buffer.concat([all, value]);
  }
  return all;
}

async function readProxied(mt: MtClient, id: number): Promise<Buffer | undefined> {
  const { status, value } = await nvReadOld(mt, id);
  if (status === NV_STATUS.SUCCESS) return value;
  if (status === NV_STATUS.INVALID_PARAMETER || status === NV_STATUS.ITEM_UNINIT) return undefined;
  throw refused(mt, "COORDINATOR_UNREADABLE", status);
}

function isProxied(address: NvAddress): address is NvAddress & { kind: "legacy" } {
  return address.kind === "legacy" && address.id === legacyId(PROXIED_ITEM);
}

async function persistently<T>(
  mt: MtClient,
  id: "COORDINATOR_UNREADABLE" | "COORDINATOR_WRITE_FAILED",
  act: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (attempt === ATTEMPTS) throw silent(mt, id);
      await mt.recover().catch((lost: unknown) => {
        throw lost instanceof Error && "id" in lost && lost.id === "COORDINATOR_UNREADABLE" ? silent(mt, id) : lost;
      });
    }
  }
}

function silent(mt: MtClient, id: "COORDINATOR_UNREADABLE" | "COORDINATOR_WRITE_FAILED"): Error {
  return coordinatorError(
    mt.place,
    id,
    "it stopped answering.",
    "try again; if it stays so, unplug it and plug it in again.",
  );
}

function refused(mt: MtClient, id: "COORDINATOR_UNREADABLE" | "COORDINATOR_WRITE_FAILED", status: number): Error {
  if (status === NV_STATUS.OPER_FAILED)
    return coordinatorError(
      mt.place,
      id,
      "it reports that its memory is damaged (NV_OPER_FAILED).",
      "flash its firmware again, then enrol it anew.",
    );
  return coordinatorError(
    mt.place,
    id,
    `it refused ${id === "COORDINATOR_UNREADABLE" ? "to read" : "to write"} an item (status ${status}).`,
    "try again; if it stays so, flash its firmware again, then enrol it anew.",
  );
}
