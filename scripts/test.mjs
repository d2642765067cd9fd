/** `node scripts/test.mjs [arguments]`: sets up, then runs the tests with Node 24. Arguments go to `vitest run`. */
import path from "node:path";
import { ROOT } from "./setup/paths.mjs";
import { launch } from "./setup/launch.mjs";

await launch([path.join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...process.argv.slice(2)]);
