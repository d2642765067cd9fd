import { posix } from "node:path";
import { writeFileAtomic } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { Init } from "./hooks.ts";
import { blockMarks, hashOf } from "./inspect.ts";
import type { Found } from "./inspect.ts";
import { COMMAND, CONFIG, LIBRARY } from "./instance.ts";
import type { Instance } from "./instance.ts";
import type { Made, Manifest, Thing } from "./things.ts";

/**
 * `replace`: standard input becomes the content of `$file`, whose owner and mode stay. It may hold secrets, or be what lets
 * its owner log in: a full disk or a kill leaves the old text.
 */
const REPLACE = `
replace() {
  real=$(readlink -f "$file")
  new=$real.understudy
  rm -f "$new"
  cp -p "$real" "$new"
  { cat >"$new" && { sync "$new" 2>/dev/null || sync; } && mv "$new" "$real"; } || { rm -f "$new"; exit 1; }
}`;

/** A file's block is taken out, and put in anew at its beginning; owner and mode of the file stay as they are. */
const PUT_BLOCK = `${REPLACE}
set -e
umask 022
file=$1 first=$2 last=$3
shift 3
[ -e "$file" ] || : >"$file"
rest=$(sed "/^$first$/,/^$last$/d" "$file"; echo .)
rest=\${rest%.}
{ if [ $# -gt 0 ]; then echo "$first"; printf '%s\\n' "$@"; echo "$last"; fi; printf '%s' "$rest"; } | replace`;

const TAKE_BLOCK = `[ -e "$1" ] || exit 0\n${PUT_BLOCK}`;

const ADD_LINE = `
set -e
umask 077
file=$1
if [ ! -e "$file" ]; then
  [ -d "\${file%/*}" ] || { mkdir "\${file%/*}"; chown "$3" "\${file%/*}"; }
  : >"$file"
  chown "$3" "$file"
fi
grep -qxF -- "$2" "$file" && exit 0
[ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
printf '%s\\n' "$2" >>"$file"`;

const REMOVE_LINE = `${REPLACE}
set -e
umask 077
file=$1
[ -e "$file" ] || exit 0
rest=$(grep -vxF -- "$2" "$file" || true; echo .)
printf '%s' "\${rest%.}" | replace
[ "$3" != created ] || [ -s "$file" ] || { rm "$file"; rmdir "\${file%/*}" 2>/dev/null || true; }`;

const START_JOB: Readonly<Record<Init, string>> = {
  systemd:
    'set -e; systemctl daemon-reload; systemctl enable --quiet -- "$1.service"; [ "$2" != now ] || systemctl restart -- "$1.service"',
  openrc: 'set -e; rc-update -q add "$1" default; [ "$2" != now ] || rc-service "$1" restart',
};

const END_JOB: Readonly<Record<Init, string>> = {
  systemd:
    'systemctl disable --quiet --now -- "$1.service" 2>/dev/null; systemctl reset-failed -- "$1.service" 2>/dev/null; true',
  openrc: 'rc-service -e "$1" || exit 0; rc-service "$1" stop; rc-update -q del "$1" default; true',
};

const MAKE_KEY = 'set -e; umask 077; rm -f "$1" "$1.pub"; ssh-keygen -q -t ed25519 -N "" -C "$2" -f "$1"';

/** Makes one thing as it should be. Doing it again is harmless. */
export async function make(host: Host, init: Init, { name }: Instance, thing: Thing): Promise<void> {
  switch (thing.kind) {
    case "file":
      await writeFileAtomic(host, thing.path, Buffer.from(thing.content), { privileged: true, mode: thing.mode });
      return;
    case "block":
      await must(host, "put the gate in", PUT_BLOCK, [thing.path, ...blockMarks(name), ...thing.lines]);
      return;
    case "job":
      await must(host, `enable ${thing.name}`, quietly(START_JOB[init]), [
        thing.name,
        thing.startNow ? "now" : "later",
      ]);
      return;
    case "key":
      await must(host, "make a key", MAKE_KEY, [thing.path, `understudy ${name}`]);
      return;
    case "line":
      if (thing.line === undefined) return;
      await must(host, "authorize a key", ADD_LINE, [thing.path, thing.line, thing.user]);
      return;
  }
}

/** As the manifest keeps it. */
export function asMade(thing: Thing, found: Found): readonly Made[] {
  switch (thing.kind) {
    case "file":
      return [{ kind: "file", path: thing.path, sha256: hashOf(thing.content) }];
    case "block":
      return [{ kind: "block", path: thing.path, created: found.created }];
    case "job":
      return [{ kind: "job", name: thing.name }];
    case "key":
      return [{ kind: "key", path: thing.path }];
    case "line":
      return thing.line === undefined
        ? []
        : [{ kind: "line", path: thing.path, user: thing.user, line: thing.line, created: found.created }];
  }
}

/** Programs are for all services of a node, and nobody else's: which version of them lies there does not matter. */
export function isProgram(path: string): boolean {
  return path.startsWith(`${LIBRARY}/`) || path === COMMAND;
}

const REMOVE_FILE = `
[ -e "$1" ] || exit 0
file=$1; shift
if [ $# -gt 0 ]; then
  hash=$(sha256sum <"$file")
  for known; do [ "\${hash%% *}" != "$known" ] || { rm -f "$file"; exit 0; }; done
  echo kept
  exit 0
fi
rm -f "$file"`;

/**
 * Undoes one thing. Returns what was left because somebody has changed it since.
 * @param hashes of a file: what it may hold to be ours; none: whatever it holds
 */
export async function unmake(
  host: Host,
  init: Init,
  { name }: Instance,
  made: Made,
  hashes: readonly string[],
): Promise<string | undefined> {
  switch (made.kind) {
    case "file": {
      const printed = await must(host, `remove ${made.path}`, REMOVE_FILE, [made.path, ...hashes]);
      return printed === "kept" ? made.path : undefined;
    }
    case "block": {
      await must(host, "take the gate out", TAKE_BLOCK, [made.path, ...blockMarks(name)]);
      if (made.created) await must(host, "remove an empty file", '[ -s "$1" ] || rm -f "$1"', [made.path]);
      return undefined;
    }
    case "job":
      await must(host, `end ${made.name}`, quietly(END_JOB[init]), [made.name]);
      return undefined;
    case "key":
      await must(host, "remove a key", 'rm -f "$1" "$1.pub"', [made.path]);
      return undefined;
    case "line": {
      const args = [made.path, made.line, made.created ? "created" : "kept"];
      await must(host, "take a key's permission away", REMOVE_LINE, args);
      return undefined;
    }
    case "directory":
      await must(host, "remove a directory", 'rmdir "$1" 2>/dev/null; true', [made.path]);
      return undefined;
  }
}

/** Tells systemd of files that came or went. */
export async function reload(host: Host, init: Init): Promise<void> {
  if (init === "systemd") await must(host, "reload systemd", quietly("systemctl daemon-reload"), []);
}

/** Kept before anything is changed, and again afterwards: a setup that was killed half-way can be undone or repeated. */
export async function writeManifest(host: Host, { manifest }: Instance, made: readonly Made[]): Promise<void> {
  const content: Manifest = { format: 1, made: [...made] };
  await makeDirectories(host, [CONFIG]);
  await writeFileAtomic(host, manifest, Buffer.from(`${JSON.stringify(content, undefined, 1)}\n`), {
    privileged: true,
    mode: "600",
  });
}

export async function makeDirectories(host: Host, directories: readonly string[]): Promise<void> {
  if (directories.length > 0) await must(host, "make directories", 'umask 022; mkdir -p -- "$@"', directories);
}

const OTHERS = `
for file in "$1"/*.installed; do
  [ ! -e "$file" ] || [ "$file" = "$2" ] || echo "$file"
done`;

/** Whether other services are set up on the node as well. */
export async function hasOtherInstances(host: Host, { manifest }: Instance): Promise<boolean> {
  return (await must(host, "look for other services", OTHERS, [posix.dirname(manifest), manifest])) !== "";
}

function quietly(script: string): string {
  return `{ ${script}; } >/dev/null 2>&1 </dev/null`;
}

async function must(host: Host, purpose: string, script: string, args: readonly string[]): Promise<string> {
  const result = await host.run(script, { args, privileged: true, timeoutMs: 60_000 });
  if (result.code === 0) return result.stdout.toString("utf8").trim();
  throw new UnderstudyError("COMMAND_FAILED", {
    node: host.name,
    what: `The node failed to ${purpose} (status ${result.code}).`,
    next: "see docs/nodes.md for what stands where; `understudy setup` may be repeated, and `understudy teardown` undoes what was done.",
  });
}
