import { parseDocument } from "yaml";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import { CHOSEN, REFUSALS } from "./capture-script.ts";
import type { NodePaths } from "./generation.ts";
import { runNodeScript } from "./node-script.ts";

/**
 * Nothing writes into a standby's data directory, so what differs from how it was left was changed by hand, and would be lost
 * with the next handover to it. How it was left stands in `<stateDirectory>/as-left/`:
 *   files                the hash of each file, as sha256sum prints it
 *   configuration.yaml   to tell which settings differ
 * It ends with the next grant (node-state.ts, node/programs/permission.sh): a node that serves changes its files itself.
 */
export interface HandEdits {
  /** Paths of files that are new or hold something else. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Paths of the settings of configuration.yaml that differ, such as `mqtt.server`: never their values. */
  readonly settings: readonly string[];
}

const LOG_DIRECTORY = "log";
const SHOWN_SETTINGS = 8;
const SHOWN_FILES = 6;
const CONFIGURATION = "configuration.yaml";

const NOTE_SCRIPT = `
left=$1/as-left data=$2 log=$3 again=$4
[ "$again" ] || [ ! -f "$left/files" ] || exit 0
[ -d "$data" ] || refuse no-data
mkdir -p "$1"
rm -rf "$left.new"; mkdir "$left.new"
cd "$data"
${CHOSEN}
hashes > "$left.new/files"
[ ! -f ${CONFIGURATION} ] || cat ${CONFIGURATION} > "$left.new/${CONFIGURATION}"
settle "$left.new"
rm -rf "$left"
mv "$left.new" "$left"
flush "$1"
`;

/** Prints `L hash  ./path` for each file as it was left, and `H hash  ./path` for each that is there now. */
const COMPARE_SCRIPT = `
left=$1/as-left/files data=$2 log=$3
[ -f "$left" ] || exit 0
echo known
sed 's/^/L /' "$left"
[ -d "$data" ] || refuse no-data
cd "$data"
${CHOSEN}
hashes | sed 's/^/H /'
`;

/**
 * For a script that is about to exchange `$data` by generation `$id`: keeps what was changed there by hand in
 * `$state/replaced/$id/`, or, where nothing tells how it was left, its configuration. `tell_replaced` prints `K path` for each
 * file that is kept, and `by-hand` before them where it is known that a person changed them.
 */
export const KEEP_REPLACED = `
${CHOSEN}
keep_replaced() (
  kept=$state/replaced/$id
  log=${LOG_DIRECTORY}
  [ ! -d "$kept" ] || exit 0
  cd "$data"
  mkdir -p "$state"
  rm -rf "$state/replaced.new"; mkdir "$state/replaced.new"
  if [ -f "$state/as-left/files" ]; then
    hashes | awk 'NR == FNR { left[$0]; next } !($0 in left) { print substr($0, 69) }' "$state/as-left/files" -
  elif [ -f ${CONFIGURATION} ]; then
    echo ${CONFIGURATION}
  fi > "$state/replaced.paths"
  while IFS= read -r path; do
    [ -f "$path" ] || continue
    case $path in */*) mkdir -p "$state/replaced.new/\${path%/*}" ;; esac
    cat "$path" > "$state/replaced.new/$path"
  done < "$state/replaced.paths"
  if [ -s "$state/replaced.paths" ]; then
    settle "$state/replaced.new"
    mkdir -p "$state/replaced"
    mv "$state/replaced.new" "$kept"
    flush "$state/replaced"
  fi
  rm -rf "$state/replaced.new" "$state/replaced.paths"
  set -- "$state/replaced/"*
  while [ $# -gt 10 ]; do rm -rf "$1"; shift; done
)
tell_replaced() {
  [ -d "$state/replaced/$id" ] || return 0
  [ ! -f "$state/as-left/files" ] || echo by-hand
  (cd "$state/replaced/$id" && find . -type f -print | sort | sed 's/^\\.\\//K /')
}
`;

/** What was kept of a data directory that a generation took the place of. */
export interface Replaced {
  /** On the node; readable by its owner only, since configuration and backup hold the network's key. */
  readonly directory: string;
  readonly files: readonly string[];
  /** A person had changed them; else it is not known how the directory was left. */
  readonly byHand: boolean;
}

/** Reads what `tell_replaced` printed; undefined where nothing was kept. */
export function parseReplaced(node: NodePaths, id: string, lines: readonly string[]): Replaced | undefined {
  const files = lines.flatMap((line) => (line.startsWith("K ") ? [line.slice(2)] : []));
  if (files.length === 0) return undefined;
  return { directory: `${node.stateDirectory}/replaced/${id}`, files, byHand: lines.includes("by-hand") };
}

/**
 * Notes how the data directory of a node whose service is stopped is left. Without `again`, an earlier note stays.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD, DISK_FULL, COMMAND_FAILED, and what Host.run throws.
 */
export async function noteAsLeft(
  host: Host,
  node: NodePaths,
  { again }: { again: boolean },
  signal?: AbortSignal,
): Promise<void> {
  await runNodeScript(host, NOTE_SCRIPT, {
    purpose: "note what its data directory holds",
    args: [node.stateDirectory, node.dataDirectory, LOG_DIRECTORY, again ? "yes" : ""],
    refusals: REFUSALS,
    signal,
  });
}

/** Whether there is a note of how the data directory was left. */
export async function isNotedAsLeft(host: Host, node: NodePaths, signal?: AbortSignal): Promise<boolean> {
  const result = await host.run('[ -f "$1/as-left/files" ]', { args: [node.stateDirectory], privileged: true, signal });
  return result.code === 0;
}

/**
 * What was changed by hand in a standby's data directory since it was left; undefined where nothing tells how that was.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD, COMMAND_FAILED, and what Host.run throws.
 */
export async function findHandEdits(host: Host, node: NodePaths, signal?: AbortSignal): Promise<HandEdits | undefined> {
  const output = await runNodeScript(host, COMPARE_SCRIPT, {
    purpose: "compare its data directory with how it was left",
    args: [node.stateDirectory, node.dataDirectory, LOG_DIRECTORY],
    refusals: REFUSALS,
    timeoutMs: 120_000,
    exclusive: false,
    signal,
  });
  const lines = output.toString("utf8").split("\n");
  if (lines[0] !== "known") return undefined;
  const [left, now] = [filesOf(lines, "L"), filesOf(lines, "H")];
  const changed = [...now.keys()].filter((path) => now.get(path) !== left.get(path)).toSorted();
  const removed = [...left.keys()].filter((path) => !now.has(path));
  const settings = changed.includes(CONFIGURATION) ? await editedSettings(host, node, signal) : [];
  return { changed, removed, settings };
}

/** `configuration.yaml (mqtt.server, advanced.channel), database.db; removed: groups.yaml`. Pure. */
export function describeEdits({ changed, removed, settings }: HandEdits): string {
  const of = settings.length === 0 ? "" : ` (${shorten(settings, SHOWN_SETTINGS)})`;
  const names = changed.map((path) => (path === CONFIGURATION ? `${path}${of}` : path));
  return [
    ...(names.length > 0 ? [shorten(names, SHOWN_FILES)] : []),
    ...(removed.length > 0 ? [`removed: ${shorten(removed, SHOWN_FILES)}`] : []),
  ].join("; ");
}

/**
 * Paths of the settings that differ between two configurations, without their values; a list counts as one value. Empty where
 * either cannot be read as YAML, or only comments and order differ. Pure.
 */
export function differingSettings(before: string, now: string): readonly string[] {
  const [left, right] = [leaves(before), leaves(now)];
  if (!left || !right) return [];
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
}

async function editedSettings(host: Host, node: NodePaths, signal?: AbortSignal): Promise<readonly string[]> {
  const [before, now] = await Promise.all(
    [`${node.stateDirectory}/as-left/${CONFIGURATION}`, `${node.dataDirectory}/${CONFIGURATION}`].map((path) =>
      readFile(host, path, { privileged: true, signal }),
    ),
  );
  return differingSettings(before?.toString("utf8") ?? "", now?.toString("utf8") ?? "");
}

function filesOf(lines: readonly string[], mark: "L" | "H"): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const [, found, hash = "", path = ""] = /^([LH]) ([0-9a-f]{64}) [ *]\.\/(.*)$/.exec(line) ?? [];
      return found === mark ? [[path, hash] as const] : [];
    }),
  );
}

function leaves(text: string): ReadonlyMap<string, string> | undefined {
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) return undefined;
  try {
    return new Map(flatten(document.toJS(), []));
  } catch {
    // Aliases without an anchor, or far too many of them.
    return undefined;
  }
}

function flatten(value: unknown, path: readonly string[]): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return path.length === 0 ? [] : [[path.join("."), JSON.stringify(value) ?? ""]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, [...path, key]));
}

function shorten(names: readonly string[], most: number): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
