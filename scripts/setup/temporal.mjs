import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE } from "./paths.mjs";
import { outputOf, runWithDots, say, SetupError } from "./command.mjs";

const DIRECTORY = path.join(CACHE, "temporal");
const BINARY = path.join(DIRECTORY, "temporal");
const MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1";
/** Without network the SDK's download says nothing for minutes; if no byte came by then, none will. */
const DOWNLOAD_SILENCE_MS = 12_000;
const DOWNLOAD_LIMIT_MS = 300_000;

/** Temporal's command line, whose `server start-dev` is the server of one home. */
export const temporal = {
  plan:
    "Temporal's server into .cache/temporal (about 1 minute as a download of 100 MB,\n" +
    "    up to 7 minutes where it must be built with Go)",

  /** @returns {string | undefined} path of a Temporal CLI >= 1.4 */
  find() {
    return [process.env.UNDERSTUDY_TEMPORAL, onPath("temporal"), BINARY].find((file) => file && recentEnough(file));
  },

  async install() {
    fs.mkdirSync(DIRECTORY, { recursive: true });
    if (await download()) return;
    if (onPath("go") && (await build())) return;
    throw new SetupError(
      "Temporal's server could neither be downloaded nor built.\n" +
        "Next: install the Temporal CLI (https://docs.temporal.io/cli, 1.4 or newer) so that `temporal` is on PATH,\n" +
        "or install Go, then run the command again.",
    );
  },
};

async function download() {
  for (const file of fs.readdirSync(DIRECTORY)) {
    if (file.endsWith(".downloading")) fs.rmSync(path.join(DIRECTORY, file));
  }
  const startedAt = Date.now();
  const script = fileURLToPath(new URL("download-temporal.mjs", import.meta.url));
  const { ok } = await runWithDots("Temporal's server, by the SDK's download", process.execPath, [script, DIRECTORY], {
    giveUp: () => Date.now() - startedAt > (downloadBegan() ? DOWNLOAD_LIMIT_MS : DOWNLOAD_SILENCE_MS),
  });
  const downloaded = fs.readdirSync(DIRECTORY).find((file) => /^temporal-.*\d$/.test(file));
  if (!ok || !downloaded) return false;
  fs.renameSync(path.join(DIRECTORY, downloaded), BINARY);
  return recentEnough(BINARY);
}

function downloadBegan() {
  return fs.readdirSync(DIRECTORY).some((file) => file.startsWith("temporal-"));
}

async function build() {
  say("  The download is not possible here. Building it with Go takes up to 7 minutes, once.");
  const { ok, output } = await runWithDots("go install", "go", ["install", MODULE], {
    cwd: DIRECTORY,
    env: { ...process.env, GOBIN: DIRECTORY, GOFLAGS: "-mod=mod" },
  });
  if (!ok) say(`  Go's last words:\n${output}`);
  return ok && recentEnough(BINARY);
}

function onPath(program) {
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .map((directory) => path.join(directory, program))
    .find((file) => fs.existsSync(file));
}

/** A build by `go install` calls itself 0.0.0-DEV; then the server inside tells its age (CLI 1.4 has server 1.28). */
function recentEnough(file) {
  const words = fs.existsSync(file) ? outputOf(file, ["--version"]) : undefined;
  const cli = /version (\d+)\.(\d+)/.exec(words ?? "");
  if (!cli) return false;
  if (atLeast(cli, 1, 4)) return true;
  const server = /Server (\d+)\.(\d+)/.exec(words ?? "");
  return words?.includes("0.0.0-DEV") === true && server !== null && atLeast(server, 1, 28);
}

function atLeast(found, major, minor) {
  return Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor);
}
