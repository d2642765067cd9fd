import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const LAB = path.join(import.meta.dirname, "..");
/** Whatever decides how a formed home looks. */
const DECISIVE = ["air", "coordinator", "devices", "home"];

/** A hash over the lab's own sources and these further values; 16 hex digits. */
export function sourceHash(...values: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of DECISIVE) {
    const files = fs.readdirSync(path.join(LAB, folder), { recursive: true, encoding: "utf8" }).sort();
    for (const file of files.filter((name) => name.endsWith(".ts"))) {
      hash.update(`${folder}/${file}\0`).update(fs.readFileSync(path.join(LAB, folder, file)));
    }
  }
  for (const value of values) hash.update(`${value}\0`);
  return hash.digest("hex").slice(0, 16);
}
