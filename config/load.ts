import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UnderstudyError } from "../model/errors.ts";
import { checkTogether } from "./checks.ts";
import { explainIssues } from "./explain.ts";
import { formatProblem, type Problem } from "./problem.ts";
import { resolveConfig } from "./resolve.ts";
import { fileSchema } from "./schema.ts";
import { parseSource } from "./source-text.ts";
import { systemCode } from "./system-error.ts";
import type { UserConfig } from "./user-config.ts";

/** A fleet of 1,000 services takes some 300 KiB. */
const LARGEST_FILE = 2 * 1024 * 1024;

export interface LoadOptions {
  /**
   * Whether passwords and key files are read and checked. Default true. A command that only talks to Temporal leaves
   * them alone, so that it works where they are not.
   */
  readonly readSecrets?: boolean;
}

export type CheckResult =
  | { readonly config: UserConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly Problem[] };

/** Loads understudy.yaml. Rejects with CONFIG_INVALID that tells every mistake with file, line, key and mend. */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<UserConfig> {
  const { config, problems } = await checkConfig(path, options);
  if (config) return config;
  const count = problems.length === 1 ? "a mistake" : `${problems.length} mistakes`;
  throw new UnderstudyError("CONFIG_INVALID", {
    what: `${path} has ${count}:\n${problems.map((problem) => formatProblem(path, problem)).join("\n")}\n`,
    next: "mend the file, then run `understudy config check`.",
  });
}

/**
 * Loads understudy.yaml and returns its mistakes as data. Rejects with CONFIG_INVALID only where there is no file to
 * have mistakes in (missing, unreadable, not a file, too large, not text).
 */
export async function checkConfig(path: string, options: LoadOptions = {}): Promise<CheckResult> {
  const file = resolve(path);
  const text = await readText(path);
  if (text.replaceAll(/^\s*(#.*)?$/gm, "").trim() === "") {
    return failed([
      {
        line: 1,
        column: 1,
        key: "",
        wrong: "is empty",
        mend: `write at least \`services: { zigbee: { nodes: [pi@10.0.0.2, pi@10.0.0.3] } }\``,
      },
    ]);
  }
  const parsed = parseSource(text);
  if ("problems" in parsed) return failed(parsed.problems);
  const { source } = parsed;
  const checked = fileSchema.safeParse(source.value);
  if (!checked.success) return failed(explainIssues(checked.error.issues, fileSchema, source));
  const contradictions = checkTogether(checked.data, source);
  if (contradictions.length > 0) return failed(contradictions);
  const { config, problems } = await resolveConfig(file, checked.data, source, options.readSecrets ?? true);
  if (problems.length > 0) return failed(problems);
  return { config, problems: [] };
}

function failed(problems: readonly Problem[]): CheckResult {
  return { config: undefined, problems };
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const facts = await stat(path);
    if (!facts.isFile())
      throw unusable(`${path} is not a file.`, "name the file itself, for example `--config ./understudy.yaml`.");
    if (facts.size > LARGEST_FILE) {
      throw unusable(
        `${path} is larger than ${LARGEST_FILE / 1024 / 1024} MiB.`,
        "check that it is the right file: the configuration of a home takes a few KiB at most.",
      );
    }
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof UnderstudyError) throw error;
    throw explainSystemError(path, error);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Told below, as for a file with NUL bytes.
  }
  throw unusable(`${path} is not a text file in UTF-8.`, "save it as UTF-8, or check that it is the right file.");
}

function explainSystemError(path: string, error: unknown): UnderstudyError {
  const code = systemCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return unusable(
      `There is no file ${path}.`,
      "create it with the five lines of docs/configuration.md, or name another with --config.",
    );
  }
  if (code === "EACCES" || code === "EPERM")
    return unusable(
      `${path} may not be read by this user.`,
      `run Understudy as the file's owner, or let this user read it.`,
    );
  return unusable(`${path} cannot be read (${code}).`, "check the file and its disk.");
}

function unusable(what: string, next: string): UnderstudyError {
  return new UnderstudyError("CONFIG_INVALID", { what, next });
}
