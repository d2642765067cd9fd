import { fileURLToPath } from "node:url";
import path from "node:path";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Everything that set-up fetches or builds goes here; deleting it is always safe. */
export const CACHE = path.join(ROOT, ".cache");
