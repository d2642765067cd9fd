import type { NvramImage } from "./nvram-image.ts";

/** Items by table (`LEGACY` or a table's name): item names or row numbers, as an image has them. */
export type ItemNames = Readonly<Record<string, readonly string[]>>;

/** The names of all items of an image. */
export function namesOf(image: NvramImage): ItemNames {
  return Object.fromEntries(Object.entries(image).map(([table, items]) => [table, Object.keys(items)]));
}

/** Those of the named items that an image has. */
export function pick(image: NvramImage, names: ItemNames): NvramImage {
  const chosen = Object.entries(names).map(([table, keys]) => {
    const items = image[table] ?? {};
    return [table, Object.fromEntries(keys.flatMap((key) => (items[key] === undefined ? [] : [[key, items[key]]])))];
  });
  return { LEGACY: {}, ...(Object.fromEntries(chosen) as Record<string, Record<string, string>>) };
}
