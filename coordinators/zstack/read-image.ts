import type { NvramImage, NvramItems } from "../nvram-image.ts";
import type { ItemNames } from "../item-names.ts";
import { isCommon, RANGE_NAMES, rowName, SINGLE_NAMES, TABLES } from "./item-names.ts";
import { UnknownCommand, type MtClient } from "./mt-client.ts";
import { LONGEST_READ, type NvAddress } from "./nv-commands.ts";
import { addressOf, itemLength, readItem } from "./nv-items.ts";

type Items = Record<string, string>;

/**
 * The whole NVRAM: every legacy item, and each table from its first row to its first gap. Takes about 700 requests.
 * @throws UnderstudyError COORDINATOR_UNREADABLE
 */
export async function readWholeImage(mt: MtClient): Promise<NvramImage> {
  const legacy: Items = {};
  for (const name of SINGLE_NAMES) await readNamed(mt, "LEGACY", name, legacy);
  for (const range of RANGE_NAMES) {
    for (const name of range) if (!(await readNamed(mt, "LEGACY", name, legacy))) break;
  }
  return { LEGACY: legacy, ...(await readTables(mt, Object.keys(TABLES))) };
}

/** Whole tables, of those that exist. Rejects as readWholeImage. */
export async function readTables(mt: MtClient, names: readonly string[]): Promise<Record<string, NvramItems>> {
  const tables: Record<string, NvramItems> = {};
  for (const name of names) {
    try {
      const rows = await readTable(mt, TABLES[name] ?? 0);
      if (Object.keys(rows).length > 0) tables[name] = rows;
    } catch (error) {
      // Z-Stack 3.0.x has none, only legacy items.
      if (error instanceof UnknownCommand) return tables;
      throw error;
    }
  }
  return tables;
}

/** Those of the named items that exist. Rejects as readWholeImage. */
export async function readNamedItems(mt: MtClient, names: ItemNames): Promise<NvramImage> {
  const image: Record<string, Items> & { LEGACY: Items } = { LEGACY: {} };
  for (const [table, keys] of Object.entries(names)) {
    const items = (image[table] ??= {});
    let length: number | undefined;
    for (const key of keys) {
      const value = await readKnown(mt, table, key, length);
      if (value === undefined) continue;
      items[key] = value.toString("hex");
      if (table !== "LEGACY") length = value.length;
    }
  }
  return image;
}

async function readKnown(
  mt: MtClient,
  table: string,
  key: string,
  length: number | undefined,
): Promise<Buffer | undefined> {
  const address = addressOf(table, key);
  if (!address) return undefined;
  return readItem(mt, address, expectedLength(address, key, length));
}

async function readNamed(mt: MtClient, table: string, key: string, into: Items): Promise<boolean> {
  const value = await readKnown(mt, table, key, undefined);
  if (value === undefined) return false;
  into[key] = value.toString("hex");
  return true;
}

/** Of a legacy item only whether it may be read at once matters; its answer tells its length. */
function expectedLength(address: NvAddress, key: string, length: number | undefined): number | undefined {
  if (address.kind === "row") return length;
  return isCommon(key) ? LONGEST_READ : undefined;
}

/** All rows of a table are of one length, so only the first one's is asked for. */
async function readTable(mt: MtClient, table: number): Promise<Items> {
  const rows: Items = {};
  const length = await itemLength(mt, { kind: "row", table, row: 0 });
  if (length === 0) return rows;
  for (let row = 0; row <= 0xffff; row++) {
    const value = await readItem(mt, { kind: "row", table, row }, length);
    if (value === undefined) break;
    rows[rowName(row)] = value.toString("hex");
  }
  return rows;
}
