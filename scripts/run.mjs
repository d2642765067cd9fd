/** `node scripts/run.mjs script.ts [arguments]`: sets up, then runs the script with Node 24. */
import { launch } from "./setup/launch.mjs";

await launch(process.argv.slice(2));
