import { isUnusedRow } from "../counter-items.ts";
import { compareImages, comparePartial, isRaisedRow, requireEqual } from "../image-diff.ts";
import { namesOf, pick, type ItemNames } from "../item-names.ts";
import type { NvramImage } from "../nvram-image.ts";
import { coordinatorError } from "./failures.ts";
import { PROXIED_ITEM } from "./item-names.ts";
import type { MtClient } from "./mt-client.ts";
import { addressOf, deleteItem, writeItem } from "./nv-items.ts";
import { isSilent, silence } from "./radio.ts";
import { readNamedItems, readWholeImage } from "./read-image.ts";

type Items = Record<string, string>;

interface Plan {
  /** Items to delete, in this order, because the image has none such. */
  readonly remove: readonly (readonly [table: string, key: string])[];
  /** Marks to delete before anything is written. */
  readonly marks: readonly string[];
  /** What is not held yet, and the marks. */
  readonly write: NvramImage;
}

/**
 * Makes the image what the coordinator holds, as clearing it and writing the image would; what it holds already is neither
 * cleared nor written. The mark "configured" goes first and comes back last, so that a half-written stick never carries it.
 * Ends with a reset, and with reading back everything of the image that is in use.
 * @throws UnderstudyError COORDINATOR_WRITE_FAILED, COORDINATOR_VERIFY_FAILED, COORDINATOR_UNREADABLE, COORDINATOR_NOT_SILENT
 */
export async function replaceImage(mt: MtClient, image: NvramImage): Promise<void> {
  await requireSilent(mt);
  const before = await readWholeImage(mt);
  const first = planReplacement(image, before);
  for (const [table, key] of [...first.marks.map((mark) => ["LEGACY", mark] as const), ...first.remove])
    await removeItem(mt, table, key);
  const { write, found } = first.remove.length === 0 ? { ...first, found: before } : await planAnew(mt, image);
  await writeItems(mt, write, found);
  await silence(mt);
  const names = mergeNames(usedNames(image), namesOf(write));
  requireEqual(mt.place, compareImages(pick(image, names), await readNamedItems(mt, names)));
}

/** What is to be written after items were deleted: the firmware makes its own anew at a reset, and may clear others on the way. */
async function planAnew(mt: MtClient, image: NvramImage): Promise<{ write: NvramImage; found: NvramImage }> {
  await silence(mt);
  const found = await readWholeImage(mt);
  return { write: planReplacement(image, found).write, found };
}

/**
 * Writes those of the items given that the coordinator does not hold, resets it, and reads back what was written. Does nothing
 * where it holds them all. Rejects as replaceImage.
 */
export async function writePartial(mt: MtClient, partial: NvramImage): Promise<void> {
  const found = await readNamedItems(mt, namesOf(partial));
  const write = differing(partial, found);
  if (isEmpty(write)) return;
  await requireSilent(mt);
  await writeItems(mt, write, found);
  await silence(mt);
  requireEqual(mt.place, comparePartial(write, await readNamedItems(mt, namesOf(write))));
}

/**
 * Writes an image over what was just read of the coordinator, without clearing anything, resets it, and resolves with the whole
 * of its NVRAM. Does nothing where it holds the image. Rejects as replaceImage.
 */
export async function overwriteImage(mt: MtClient, image: NvramImage, found: NvramImage): Promise<NvramImage> {
  const { marks, write } = planReplacement(image, found);
  if (isEmpty(write)) return found;
  for (const mark of marks) await removeItem(mt, "LEGACY", mark);
  await writeItems(mt, write, found);
  await silence(mt);
  const after = await readWholeImage(mt);
  requireEqual(mt.place, compareImages(image, after));
  return after;
}

/** What must be removed and written so that a stick which holds `found` holds the image. */
export function planReplacement(image: NvramImage, found: NvramImage): Plan {
  const write = differing(image, found);
  const superfluous = Object.keys(found.LEGACY).filter(
    (name) => image.LEGACY[name] === undefined && name !== PROXIED_ITEM,
  );
  const rows = Object.keys(found)
    .filter((table) => table !== "LEGACY")
    .flatMap((table) => superfluousRows(table, image[table] ?? {}, found[table] ?? {}));
  const remove = [...superfluous.map((name) => ["LEGACY", name] as const), ...rows];
  if (isEmpty(write) && remove.length === 0) return { remove, marks: [], write };
  const marks = Object.keys(image.LEGACY).filter(isMark);
  const marked = Object.fromEntries(marks.map((name) => [name, image.LEGACY[name] ?? ""]));
  return { remove, marks, write: { ...write, LEGACY: { ...write.LEGACY, ...marked } } };
}

/** Rows beyond the image's, from the last on, if any of them is in use; the firmware makes empty ones for them. */
function superfluousRows(table: string, wanted: Items, found: Items): (readonly [string, string])[] {
  const beyond = Object.keys(found).filter((row) => wanted[row] === undefined);
  const used = beyond.some((row) => !isUnusedRow(table, found[row] ?? ""));
  return used ? beyond.toReversed().map((row) => [table, row] as const) : [];
}

async function removeItem(mt: MtClient, table: string, key: string): Promise<void> {
  const address = addressOf(table, key);
  if (address) await deleteItem(mt, address);
}

/** The marks last. @param found as it was just read, tables as a whole, so that lengths need not be asked for */
async function writeItems(mt: MtClient, items: NvramImage, found: NvramImage): Promise<void> {
  const all = Object.entries(items).flatMap(([table, entries]) =>
    Object.entries(entries).map(([key, value]) => ({ table, key, value })),
  );
  const last = (item: (typeof all)[number]): number => (item.table === "LEGACY" && isMark(item.key) ? 1 : 0);
  for (const { table, key, value } of all.toSorted((a, b) => last(a) - last(b))) {
    const address = addressOf(table, key);
    if (!address) throw unknownItem(mt, `${table} ${key}`);
    await writeItem(mt, address, Buffer.from(value, "hex"), knownLength(table, key, found));
  }
}

/** Undefined where it must be asked for: the firmware may keep a legacy item secret that it has, and marks were just deleted. */
function knownLength(table: string, key: string, found: NvramImage): number | undefined {
  const present = found[table]?.[key];
  if (table === "LEGACY") return present === undefined || isMark(key) ? undefined : present.length / 2;
  return (present?.length ?? 0) / 2;
}

/** The items that are not held, in the order of the image. A counter that has jumped ahead by itself is left there. */
function differing(image: NvramImage, found: NvramImage): NvramImage {
  const tables = Object.entries(image).map(([table, items]) => {
    const present = found[table] ?? {};
    const changed = Object.entries(items).filter(
      ([key, value]) => present[key] !== value && !isRaisedRow(table, key, value, present[key]),
    );
    return [table, Object.fromEntries(changed)] as const;
  });
  return { LEGACY: {}, ...(Object.fromEntries(tables.filter(([, items]) => Object.keys(items).length > 0)) as object) };
}

/** Legacy items and the rows that hold something: what of an image must be there after a reset. */
function usedNames(image: NvramImage): ItemNames {
  return Object.fromEntries(
    Object.entries(image).map(([table, items]) => [
      table,
      Object.keys(items).filter((key) => table === "LEGACY" || !isUnusedRow(table, items[key] ?? "")),
    ]),
  );
}

function mergeNames(a: ItemNames, b: ItemNames): ItemNames {
  const tables = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries(
    [...tables].map((table) => [table, [...new Set([...(a[table] ?? []), ...(b[table] ?? [])])]]),
  );
}

/** A started stack writes its NVRAM by itself, so it is stopped before anything is. */
export async function requireSilent(mt: MtClient): Promise<void> {
  if ((await isSilent(mt)) !== true) await silence(mt);
}

function isMark(name: string): boolean {
  return name.startsWith("HAS_CONFIGURED");
}

function isEmpty(image: NvramImage): boolean {
  return Object.values(image).every((items) => Object.keys(items).length === 0);
}

function unknownItem(mt: MtClient, item: string): Error {
  return coordinatorError(
    mt.place,
    "COORDINATOR_WRITE_FAILED",
    `the image has an item that is not known (${item}).`,
    "set coordinator.driver to zigpy-znp, and report this item's name.",
  );
}
