import type { Host } from "../hosts/host.ts";
import { runNodeScript, type Refusals } from "./node-script.ts";
import type { NodePaths } from "./generation.ts";

/**
 * How a data directory is exchanged. Everything stands beside it, and the names are the journal:
 *   <data>                          what Zigbee2MQTT uses
 *   <data>.understudy-unpacking     being made, worth nothing
 *   <data>.understudy-new-<id>      complete and on disk, about to become <data>
 *   <data>.understudy-before-<id>   what <data> was before generation <id>; only one is kept
 *   <data>.understudy-discarded     about to be removed
 * Each change is one rename. After a kill <data> is the old one, the new one, or absent; `repair` ends the last case: forward
 * where a complete new one exists, else back. The node's logs (`log`) stay with <data> and move along by one more rename.
 */
export const DATA_DIRECTORY = `
# Follows links, and unlike readlink -f also to a place that is absent for the moment between two renames.
locate() {
  data=\${1%/}
  links=0
  while [ -L "$data" ]; do
    links=$((links + 1)); [ "$links" -lt 40 ] || refuse no-data
    target=$(readlink "$data")
    case $target in /*) data=\${target%/} ;; *) data=\${data%/*}/\${target%/} ;; esac
  done
  parent=$(cd "\${data%/*}/" 2>/dev/null && pwd -P) || refuse no-data
  data=\${parent%/}/\${data##*/}
  unpacking=$data.understudy-unpacking
  discarded=$data.understudy-discarded
}
only() { [ -d "$1" ] && printf %s "$1" || :; }
newest() { only "$data.understudy-new-"*; }
previous() { only "$data.understudy-before-"*; }
keep_log() { if [ -d "$1/log" ] && [ ! -e "$data/log" ]; then mv "$1/log" "$data/log"; fi; }
discard() {
  keep_log "$1"
  [ "$1" = "$discarded" ] || { rm -rf "$discarded"; mv "$1" "$discarded"; }
  rm -rf "$discarded"
}
repair() {
  rm -rf "$unpacking"
  new=$(newest); before=$(previous)
  if [ ! -e "$data" ]; then
    if [ "$new" ]; then mv "$new" "$data"; new=
    elif [ "$before" ]; then mv "$before" "$data"; before=
    elif [ -d "$discarded" ]; then mv "$discarded" "$data"
    else refuse no-data
    fi
  fi
  [ ! "$new" ] || rm -rf "$new"
  [ ! "$before" ] || keep_log "$before"
  [ ! -d "$discarded" ] || discard "$discarded"
}
require_movable() {
  [ -d "$data" ] || refuse no-data
  [ "$(stat -c %d "$data")" = "$(stat -c %d "$parent")" ] || refuse mount-point
  awk '{ print $5 }' /proc/self/mountinfo | sed 's/\\\\040/ /g' | grep -qxF "$data" && refuse mount-point || :
}
`;

export const DATA_REFUSALS: Refusals = {
  "no-data": {
    id: "NODE_NOT_UNDERSTOOD",
    what: "Zigbee2MQTT's data directory does not exist.",
    next: "correct the node's dataDirectory, or start Zigbee2MQTT there once.",
  },
  "mount-point": {
    id: "NODE_NOT_UNDERSTOOD",
    what: "Zigbee2MQTT's data directory is a mount point of its own, which cannot be exchanged in one step.",
    next: "make the data directory a subdirectory of the mounted one, and point Zigbee2MQTT (ZIGBEE2MQTT_DATA, or the container's volume) to it.",
  },
};

/**
 * Whether the data directory can be exchanged by renaming. Changes nothing, and takes a directory that a kill left absent for good.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD (none, or a mount point), COMMAND_FAILED, and what Host.run throws.
 */
export async function requireSwappable(host: Host, node: NodePaths, signal?: AbortSignal): Promise<void> {
  const script = `${DATA_DIRECTORY} locate "$1"; if [ ! -e "$data" ] && [ "$(newest)$(previous)" ]; then exit 0; fi; require_movable`;
  await runNodeScript(host, script, {
    purpose: "look at Zigbee2MQTT's data directory",
    args: [node.dataDirectory],
    refusals: DATA_REFUSALS,
    signal,
    exclusive: false,
  });
}

/**
 * Ends what a kill left half-done, so that the data directory is whole again. To be called before every start of the service;
 * does nothing where nothing is to be done.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD where there is no data directory at all, COMMAND_FAILED, and what Host.run throws.
 */
export async function repairData(host: Host, node: NodePaths, signal?: AbortSignal): Promise<void> {
  await runDataScript(host, node, "repair", "repair Zigbee2MQTT's data directory", [], signal);
}

/**
 * Puts back the data directory that was there before a generation was applied. Returns false where that generation is not
 * applied here (any more): then nothing changes, so calling it twice is harmless.
 * @throws UnderstudyError as repairData.
 */
export async function rollbackData(
  host: Host,
  node: NodePaths,
  generation: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const output = await runDataScript(
    host,
    node,
    ROLLBACK,
    "put back Zigbee2MQTT's previous data directory",
    [generation],
    signal,
  );
  return output.includes("rolled-back");
}

/**
 * Removes the previous data directory: the new one has proven itself, and there is no way back any more.
 * @throws UnderstudyError as repairData.
 */
export async function confirmData(host: Host, node: NodePaths, signal?: AbortSignal): Promise<void> {
  await runDataScript(
    host,
    node,
    'repair; before=$(previous); [ ! "$before" ] || discard "$before"',
    "remove Zigbee2MQTT's previous data directory",
    [],
    signal,
  );
}

const ROLLBACK = `
repair
before=$data.understudy-before-$2
[ -d "$before" ] || exit 0
mv "$data" "$discarded"
mv "$before" "$data"
flush "$parent"
discard "$discarded"
echo rolled-back
`;

async function runDataScript(
  host: Host,
  node: NodePaths,
  script: string,
  purpose: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const output = await runNodeScript(host, `${DATA_DIRECTORY}\nlocate "$1"\n${script}`, {
    purpose,
    args: [node.dataDirectory, ...args],
    refusals: DATA_REFUSALS,
    signal,
  });
  return output.toString("utf8");
}
