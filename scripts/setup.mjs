/**
 * Fetches or builds what a fresh clone lacks. Plain JavaScript for Node >= 20 without any package, because it is what
 * installs the packages. It needs no root, and puts what it installs into node_modules and .cache only.
 */
import { pathToFileURL } from "node:url";
import { say, SetupError } from "./setup/command.mjs";
import { withLock } from "./setup/lock.mjs";
import { node24 } from "./setup/node24.mjs";
import { packages } from "./setup/packages.mjs";
import { python } from "./setup/python.mjs";
import { temporal } from "./setup/temporal.mjs";

const PARTS = { packages, node24, python, temporal };

/**
 * Makes sure that the parts named are there. Says beforehand what it will fetch or build and how long that takes;
 * says nothing and takes well under a second when all is there.
 *
 * @param {{ node24?: boolean, python?: boolean, temporal?: boolean }} wanted
 * @returns {Promise<{ packages: string, node24?: string, python?: string, temporal?: string }>} paths of what was wanted
 * @throws {SetupError} with a message for the person at the terminal
 */
export async function ensure(wanted) {
  const names = Object.keys(PARTS).filter((name) => name === "packages" || wanted[name]);
  const found = look(names);
  if (names.every((name) => found[name])) return found;
  return await withLock(async () => {
    // Whoever held the lock before us may have done the work.
    const missing = names.filter((name) => !look([name])[name]);
    if (missing.length > 0) {
      say("This is needed once, and will be fetched now:");
      for (const name of missing) say(`  - ${PARTS[name].plan}`);
    }
    for (const name of missing) await PARTS[name].install();
    const after = look(names);
    const lacking = names.find((name) => !after[name]);
    if (lacking) throw new SetupError(`Set-up of "${lacking}" ended without an error, but it cannot be used.`);
    return after;
  });
}

/**
 * The environment for a script of this repository: Node 24 first on PATH, and where the rest is.
 *
 * @param {{ node24: string, python?: string, temporal?: string }} found what `ensure` returned
 */
export function environment(found) {
  const nodeDirectory = found.node24.replace(/\/[^/]*$/, "");
  return {
    ...process.env,
    PATH: `${nodeDirectory}:${process.env.PATH ?? "/usr/bin:/bin"}`,
    UNDERSTUDY_NODE: found.node24,
    ...(found.python && { UNDERSTUDY_PYTHON: found.python }),
    ...(found.temporal && { UNDERSTUDY_TEMPORAL: found.temporal }),
  };
}

function look(names) {
  return Object.fromEntries(names.map((name) => [name, PARTS[name].find()]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await ensure({ node24: true, python: true, temporal: true });
    say("Everything is there.");
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
