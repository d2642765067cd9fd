import { UnderstudyError } from "../model/errors.ts";
import { isUnusedRow } from "./counter-items.ts";
import type { NvramImage } from "./nvram-image.ts";

export interface ImageDifference {
  /** Table and item, never a value (I10). */
  readonly item: string;
  readonly kind: "differs" | "missing" | "unexpected";
}

/** Legacy items that Z-Stack rewrites by itself between a write and the next read, each with the reason. */
export const REWRITTEN_BY_Z_STACK: Readonly<Record<string, string>> = {
  STARTUP_OPTION: "its clear bits are obeyed and taken back at every reset",
  POLL_RATE_OLD16: "a window onto another setting, without storage of its own",
};

/**
 * At every boot Z-Stack raises the outgoing counter of each trust center link key over what it may not have saved (11 by its
 * own constants), and stores that; the row is else as written. More than this, in frames, is a difference.
 */
const TRUST_CENTER_JUMP = 1000;

/**
 * Compares what was written with what was read back. Rows of a table that hold nothing equal absent rows, whatever their
 * bytes: firmware makes its tables anew at a reset. Legacy items that were not written are the firmware's own defaults.
 */
export function compareImages(written: NvramImage, readBack: NvramImage): readonly ImageDifference[] {
  const tables = [...new Set([...Object.keys(written), ...Object.keys(readBack)])];
  return tables.flatMap((table) =>
    table === "LEGACY" ? compareLegacy(written, readBack) : compareTable(table, written, readBack),
  );
}

/** As compareImages, for a partial write: what was not written is not looked at. */
export function comparePartial(written: NvramImage, readBack: NvramImage): readonly ImageDifference[] {
  return compareImages(written, readBack).filter((difference) => difference.kind !== "unexpected");
}

function compareLegacy(written: NvramImage, readBack: NvramImage): ImageDifference[] {
  return Object.entries(written.LEGACY).flatMap(([name, value]) => {
    const found = readBack.LEGACY[name];
    if (found === value || name in REWRITTEN_BY_Z_STACK || isRaisedRow("LEGACY", name, value, found)) return [];
    return [{ item: name, kind: found === undefined ? ("missing" as const) : ("differs" as const) }];
  });
}

function compareTable(table: string, written: NvramImage, readBack: NvramImage): ImageDifference[] {
  const before = usedRows(table, written);
  const after = usedRows(table, readBack);
  const rows = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return rows.flatMap((row) => {
    const [value, found] = [before.get(row), after.get(row)];
    if (found === value || isRaisedRow(table, row, value, found)) return [];
    const kind = !after.has(row) ? "missing" : before.has(row) ? "differs" : "unexpected";
    return [{ item: `${table} ${row}`, kind } as const];
  });
}

/** Whether two rows of the trust center's link keys differ in nothing but a counter that jumped ahead. */
export function isRaisedRow(
  table: string,
  key: string,
  written: string | undefined,
  found: string | undefined,
): boolean {
  const isTrustCenterRow = table === "TCLK_TABLE" || (table === "LEGACY" && key.startsWith("LEGACY_TCLK_TABLE_START+"));
  if (!isTrustCenterRow || written === undefined || found === undefined || written.slice(8) !== found.slice(8))
    return false;
  const ahead = Buffer.from(found, "hex").readUInt32LE(0) - Buffer.from(written, "hex").readUInt32LE(0);
  return ahead > 0 && ahead <= TRUST_CENTER_JUMP;
}

function usedRows(table: string, image: NvramImage): Map<string, string> {
  const rows = Object.entries(image[table] ?? {}).map(([row, value]) => [row.toLowerCase(), value] as const);
  return new Map(rows.filter(([, value]) => !isUnusedRow(table, value)));
}

/** @throws UnderstudyError COORDINATOR_VERIFY_FAILED where there are differences, naming the first of them. */
export function requireEqual(place: { node: string; port: string }, differences: readonly ImageDifference[]): void {
  if (differences.length === 0) return;
  const shown = differences.slice(0, 5).map(({ item, kind }) => `${item} ${kind}`);
  const more = differences.length > shown.length ? ` and ${differences.length - shown.length} more` : "";
  throw new UnderstudyError("COORDINATOR_VERIFY_FAILED", {
    node: place.node,
    what: `The coordinator at ${place.port} does not hold what was written (${shown.join(", ")}${more}).`,
    next: "write it again; if it stays so, check that both sticks have the same chip and firmware, or flash this one anew.",
  });
}
