import { createHash } from "node:crypto";
import { z } from "zod";
import { UnderstudyError } from "../model/errors.ts";

/** A table or the legacy items: item name or row number (`0x0000`) to its bytes as lower-case hex. */
export type NvramItems = Readonly<Record<string, string>>;

/**
 * What a Z-Stack coordinator keeps through power loss, in the JSON form of zigpy-znp's `nvram_read` and `nvram_write`.
 * It holds keys: never log it, never put it into an error or into workflow history (I10).
 */
export interface NvramImage {
  readonly LEGACY: NvramItems;
  readonly [table: string]: NvramItems;
}

const hexSchema = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2})+$/)
  .transform((value) => value.toLowerCase());
const legacySchema = z.record(z.string().regex(/^[A-Z0-9_]+(?:\+\d+)?$/), hexSchema);
const tableSchema = z.record(z.string().regex(/^0x[0-9A-Fa-f]{4}$/), hexSchema);
const imageSchema = z
  .object({ LEGACY: legacySchema })
  .catchall(tableSchema)
  .refine((image) => Object.keys(image).every((name) => /^[A-Z0-9_]+$/.test(name)));

/**
 * Reads an image from the text that zigpy-znp printed.
 * @throws UnderstudyError COORDINATOR_UNREADABLE, without anything of the text, for it may hold keys.
 */
export function parseNvramImage(text: string): NvramImage {
  const parsed = imageSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UnderstudyError("COORDINATOR_UNREADABLE", {
    what: `What was read as a coordinator's NVRAM (${text.length} characters) is not an NVRAM image.`,
    next: "read the coordinator again; if it stays so, check the version of zigpy-znp on the node.",
  });
}

/**
 * The one text of an image: equal images give equal bytes, so that hashes can be compared. The mark "configured" comes
 * last among the legacy items, because zigpy-znp writes in this order and a stick that loses power should not carry it early.
 */
export function serializeNvramImage(image: NvramImage): string {
  const tables = Object.keys(image)
    .filter((name) => name !== "LEGACY")
    .toSorted();
  const ordered = {
    LEGACY: sorted(image.LEGACY),
    ...Object.fromEntries(tables.map((name) => [name, sorted(image[name] ?? {})])),
  };
  return `${JSON.stringify(ordered, undefined, 1)}\n`;
}

/** SHA-256 of the canonical text, as hex. */
export function hashNvramImage(image: NvramImage): string {
  return createHash("sha256").update(serializeNvramImage(image)).digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sorted(items: NvramItems): NvramItems {
  const rank = (name: string): number => (name.startsWith("HAS_CONFIGURED") ? 1 : 0);
  const names = Object.keys(items).toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(names.map((name) => [name, items[name] ?? ""]));
}
