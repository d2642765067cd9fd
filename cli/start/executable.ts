import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { usageFailure } from "../failure.ts";

/**
 * Temporal's command line: $UNDERSTUDY_TEMPORAL, understudy.yaml's `temporal.executable`, `temporal` on PATH, or the one that
 * the project's own setup put into .cache. Rejects a usage failure that says how to get one.
 */
export async function findTemporal(configured: string | undefined): Promise<string> {
  const named = process.env["UNDERSTUDY_TEMPORAL"] ?? configured;
  if (named) {
    if (await isExecutable(resolve(named))) return resolve(named);
    throw usageFailure(
      `${named} is not an executable file.`,
      "let $UNDERSTUDY_TEMPORAL or temporal.executable name Temporal's command line.",
    );
  }
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  for (const candidate of [...onPath.map((directory) => join(directory, "temporal")), ...fromSetup()]) {
    if (await isExecutable(candidate)) return candidate;
  }
  throw usageFailure(
    "Temporal's command line, which holds Understudy's own server, is not installed.",
    "install it from https://docs.temporal.io/cli (one file named `temporal` on PATH), name it with $UNDERSTUDY_TEMPORAL, or use a Temporal server of yours with --address.",
  );
}

/** The root of the project is one directory further up from the compiled files. */
function fromSetup(): readonly string[] {
  return ["../../", "../../../"].map((up) => fileURLToPath(new URL(`${up}.cache/temporal/temporal`, import.meta.url)));
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
