import fs from "node:fs";
import path from "node:path";
import { ROOT } from "./paths.mjs";
import { runWithDots, say, SetupError } from "./command.mjs";

export const packages = {
  plan: "npm packages into node_modules (490 MB; about 1 minute)",

  /** Whether node_modules holds what package-lock.json names; by content, because a checkout changes dates. */
  find() {
    const wanted = readPackages(path.join(ROOT, "package-lock.json"));
    const present = readPackages(path.join(ROOT, "node_modules/.package-lock.json"));
    if (!wanted || !present) return undefined;
    const complete = Object.entries(wanted).every(
      ([name, entry]) => name === "" || entry.optional || present[name]?.version === entry.version,
    );
    return complete ? path.join(ROOT, "node_modules") : undefined;
  },

  async install() {
    const exact = await npm("npm ci", ["ci"]);
    if (exact.ok) return;
    // A registry that lacks some other platform's optional package makes `npm ci` call the lock file incomplete.
    if (exact.output.includes("EUSAGE")) say("  npm ci misses packages of other platforms; npm install does without.");
    const lenient = await npm("npm install, with the same versions", ["install", "--no-save"]);
    if (lenient.ok) return;
    throw new SetupError(
      `The npm packages could not be installed. npm's words:\n${lenient.output}\nNext: check the network, then run the command again.`,
    );
  },
};

async function npm(label, command) {
  return await runWithDots(label, "npm", [...command, "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: ROOT });
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}
