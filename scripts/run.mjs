/** `node scripts/run.mjs script.ts [arguments]`: sets up, then runs the script with Node 24. */
import path from "node:path";
import { launch } from "./setup/launch.mjs";

/** What is shown and used reaches its sticks without zigpy-znp; tests and measurements hold one against the other. */
const WITHOUT_PYTHON = ["bin/understudy.mjs", "config/write-json-schema.ts", "lab/demo/main.ts"];

const [script = ""] = process.argv.slice(2);
const python = !WITHOUT_PYTHON.includes(path.normalize(script)) || process.env.LAB_DRIVER === "zigpy-znp";
await launch(process.argv.slice(2), { python });
