#!/usr/bin/env node
// The launcher. Plain JavaScript that every Node can parse, so that an old one gets a sentence instead of a syntax error.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OLDEST = [22, 12];

const compiled = new URL("../dist/cli/main.js", import.meta.url);
const source = new URL("../cli/main.ts", import.meta.url);

function refuse(what, next) {
  process.stderr.write(`understudy: ${what}\nNext: ${next}\n`);
  process.exit(1);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  refuse(
    `Node.js ${process.versions.node} is too old; ${OLDEST.join(".")} or newer is needed (found at ${process.execPath}).`,
    "install Node.js 24 from https://nodejs.org/ or your distribution, and see that `node --version` names it.",
  );
}

const hasCompiled = existsSync(fileURLToPath(compiled));
if (!hasCompiled && !process.features.typescript) {
  refuse(
    `it is not built yet, and Node.js ${process.versions.node} cannot run the TypeScript sources by itself.`,
    "run `npm run build`, or use Node.js 22.18, 24 or newer.",
  );
}

const { main } = await import((hasCompiled ? compiled : source).href);
await main(process.argv);
