import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** What was written of a seed: one JSON object a line. Nothing where there is no file. */
export function readRecord<T>(file: string | undefined, seed: string): T[] {
  if (!file || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as T & { seed: string }).filter((result) => result.seed === seed);
}

/** Appends a result, so that what was interrupted can go on there. */
export function addToRecord(file: string | undefined, seed: string, result: object): void {
  if (file) appendFileSync(file, `${JSON.stringify({ seed, ...result })}\n`);
}

export function countBy<T>(things: readonly T[], key: (thing: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const thing of things) counts[key(thing)] = (counts[key(thing)] ?? 0) + 1;
  return counts;
}
