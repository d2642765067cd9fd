import type { Host } from "../hosts/host.ts";
import { ID_PATTERN, type NodePaths } from "./generation.ts";
import { runNodeScript } from "./node-script.ts";
import { listGenerations } from "./stored-generations.ts";

/**
 * Renamed before it is removed, so that a kill never leaves half a generation under a good name. Leftovers of other kills
 * are removed after a day, when nothing can be working on them any more.
 */
const PRUNE_SCRIPT = `
cd "$1"; shift
for generation in "$@"; do
  [ ! -d "$generation" ] || mv "$generation" "$generation.gone"
done
rm -rf ./*.gone
find . -maxdepth 1 -name '*.part' -mmin +1440 -exec rm -rf {} +
`;

/**
 * Keeps a node's newest generations, and any that are named, and removes the others. Returns the ids removed.
 * @param keep how many of the newest, at least 1
 * @param protectedIds kept whatever their age, for example the one that the standby's coordinator was loaded with
 */
export async function pruneGenerations(
  host: Host,
  node: NodePaths,
  keep: number,
  protectedIds: readonly string[] = [],
): Promise<readonly string[]> {
  const ids = await listGenerations(host, node);
  const old = ids.slice(0, -Math.max(1, keep)).filter((id) => !protectedIds.includes(id));
  if (ids.length === 0) return [];
  await runNodeScript(host, PRUNE_SCRIPT, {
    purpose: "remove old generations",
    args: [`${node.stateDirectory}/generations`, ...old],
  });
  return old;
}

/** `$1` generations. Prints each one's name and, of a live one, when its counters were read. */
const AGES_SCRIPT = `
[ -d "$1" ] || exit 0
cd "$1"
for generation in */; do
  [ -f "$generation/manifest.json" ] || continue
  echo "\${generation%/} $(sed -n 's/.*"countersAt": "\\([^"]*\\)".*/\\1/p' "$generation/manifest.json")"
done
`;

/**
 * As pruneGenerations, where a sync adds one every few minutes: of those that hold the same reading of the coordinator only the
 * newest is kept, and the one before the newest of all, so that what is kept goes back further than an hour.
 */
export async function thinGenerations(
  host: Host,
  node: NodePaths,
  keep: number,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const directory = `${node.stateDirectory}/generations`;
  const output = await runNodeScript(host, AGES_SCRIPT, {
    purpose: "list its generations",
    args: [directory],
    exclusive: false,
    signal,
  });
  const lines = output
    .toString("utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const found = lines.flatMap(([id = "", readAt]) => (ID_PATTERN.test(id) ? [{ id, reading: readAt || id }] : []));
  const old = superfluous(found, keep);
  if (old.length > 0)
    await runNodeScript(host, PRUNE_SCRIPT, { purpose: "remove old generations", args: [directory, ...old], signal });
  return old;
}

/** Pure, for thinGenerations: which of these are not needed any more. */
export function superfluous(
  generations: readonly { readonly id: string; readonly reading: string }[],
  keep: number,
): readonly string[] {
  const newestFirst = generations.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const readings = new Set<string>();
  return newestFirst.flatMap(({ id, reading }, index) => {
    const isNew = !readings.has(reading);
    readings.add(reading);
    return index < 2 || (isNew && readings.size <= Math.max(1, keep)) ? [] : [id];
  });
}

/**
 * Removes generations by their ids, and parts of others of one epoch that a broken transfer left. What is not there is no error.
 * @throws UnderstudyError COMMAND_FAILED, and what Host.run throws.
 */
export async function removeGenerations(
  host: Host,
  node: NodePaths,
  ids: readonly string[],
  options: { unfinishedOfEpoch: number },
): Promise<void> {
  const script = `[ -d "$1" ] || exit 0; cd "$1"; rm -rf ./*-e"$2"-*.part; cd /; set -- "$1" $3; ${PRUNE_SCRIPT}`;
  const args = [`${node.stateDirectory}/generations`, String(options.unfinishedOfEpoch), ids.join(" ")];
  await runNodeScript(host, script, { purpose: "remove what was transferred", args });
}
