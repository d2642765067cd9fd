import { createHash } from "node:crypto";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { Init } from "./hooks.ts";
import { manifestSchema } from "./things.ts";
import type { Manifest, Thing } from "./things.ts";

/** `same`: nothing is to be done. `created`: the file around a block or a line is not there yet. */
export interface Found {
  readonly state: "new" | "changed" | "same";
  readonly created: boolean;
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The lines between which a block of ours stands in somebody else's file. */
export function blockMarks(instance: string): readonly [string, string] {
  return [`# >>> understudy ${instance}`, `# <<< understudy ${instance}`];
}

const FILE = `
[ -e "$1" ] || { echo absent; exit 0; }
hash=$(sha256sum <"$1") && echo "\${hash%% *} $(stat -c %a -- "$1")"`;

const BLOCK = `
[ -e "$1" ] || { echo absent; exit 0; }
awk -v first="$2" -v last="$3" '$0 == last { inside = 0 } inside { print } $0 == first { inside = 1 }' "$1" | sha256sum`;

const JOBS: Readonly<Record<Init, string>> = {
  systemd:
    'systemctl is-enabled --quiet -- "$1.service" && systemctl is-active --quiet -- "$1.service" && echo runs || { systemctl is-enabled --quiet -- "$1.service" && echo enabled; }; true',
  openrc:
    '[ -L "/etc/runlevels/default/$1" ] && { rc-service "$1" status >/dev/null 2>&1 && echo runs || echo enabled; }; true',
};

const LINE = `
[ -e "$1" ] || { echo absent; exit 0; }
grep -qxF -- "$2" "$1" && echo same || echo new`;

/** How a thing stands on the node now. Only reads. */
export async function inspect(host: Host, init: Init, instance: string, thing: Thing): Promise<Found> {
  const ask = async (script: string, args: readonly string[]): Promise<string> => {
    const result = await host.run(script, { args, privileged: true });
    if (result.code === 0) return result.stdout.toString("utf8").trim();
    throw unreadable(host, thing.what);
  };
  switch (thing.kind) {
    case "file": {
      const found = await ask(FILE, [thing.path]);
      if (found === "absent") return { state: "new", created: true };
      return { state: found === `${hashOf(thing.content)} ${thing.mode}` ? "same" : "changed", created: false };
    }
    case "block": {
      const found = await ask(BLOCK, [thing.path, ...blockMarks(instance)]);
      if (found === "absent") return { state: "new", created: true };
      const [hash] = found.split(" ");
      if (hash === hashOf(thing.lines.map((line) => `${line}\n`).join(""))) return { state: "same", created: false };
      return { state: hash === hashOf("") ? "new" : "changed", created: false };
    }
    case "job": {
      const found = await ask(JOBS[init], [thing.name]);
      const right = found === "runs" || (found === "enabled" && !thing.startNow);
      return { state: right ? "same" : "new", created: false };
    }
    case "key": {
      const found = await ask(FILE, [thing.path]);
      return { state: found === "absent" ? "new" : "same", created: false };
    }
    case "line": {
      if (thing.line === undefined) return { state: "new", created: false };
      const found = await ask(LINE, [thing.path, thing.line]);
      return { state: found === "same" ? "same" : "new", created: found === "absent" };
    }
  }
}

/** What an earlier `setup` made; undefined where there was none. @throws UnderstudyError NODE_NOT_UNDERSTOOD for a file that cannot be read. */
export async function readManifest(host: Host, path: string): Promise<Manifest | undefined> {
  const bytes = await readFile(host, path, { privileged: true });
  if (!bytes) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    throw unreadable(host, path);
  }
}

const MISSING = 'for directory; do [ -d "$directory" ] || echo "$directory"; done';

/** Those of the directories that do not exist. */
export async function missingDirectories(host: Host, directories: readonly string[]): Promise<readonly string[]> {
  const result = await host.run(MISSING, { args: directories, privileged: true });
  return result.stdout.toString("utf8").split("\n").filter(Boolean);
}

function unreadable(host: Host, what: string): UnderstudyError {
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: `What is installed there already cannot be read (${what}).`,
    next: "look at that file on the node; docs/nodes.md says what stands where.",
  });
}
