import { UnderstudyError } from "../model/errors.ts";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import type { EffectiveNode } from "../config/effective.ts";
import { DATA_DIRECTORY, DATA_REFUSALS } from "./data-directory.ts";
import { KEEP_REPLACED, parseReplaced, type Replaced } from "./hand-edits.ts";
import { generationDirectory, type Manifest, type NodePaths } from "./generation.ts";
import { runNodeScript, type Refusals } from "./node-script.ts";
import { putOwnValues } from "./own-values.ts";
import { verifyGeneration } from "./stored-generations.ts";

const REFUSALS: Refusals = {
  ...DATA_REFUSALS,
  "bad-archive": {
    id: "GENERATION_INVALID",
    what: "The generation's archive holds something other than plain files below the data directory, or cannot be read.",
    next: "do not use this generation; find out who changed it, and make a new one.",
  },
};

/**
 * `$1` data directory, `$2` generation's directory, `$3` its id, `$4` state directory, then path and target of each link. The
 * listing is looked at before anything is unpacked: plain files and directories only, so that no name can lead out of the new
 * directory. Prints `applied`, or where it unpacked and then the hash of each file; in between what it keeps of the old one.
 */
const UNPACK_SCRIPT = `
locate "$1"; generation=$2 id=$3 state=$4; shift 4
repair
require_movable
if [ -d "$data.understudy-before-$id" ]; then echo applied; tell_replaced; exit 0; fi
keep_replaced
finished=
trap '[ "$finished" ] || rm -rf "$unpacking"' EXIT
archive=$generation/data.tar
tar -tf "$archive" > /dev/null 2>&1 || refuse bad-archive
if tar -tf "$archive" | grep -qE '^/|(^|/)\\.\\.(/|$)'; then refuse bad-archive; fi
if tar -tvf "$archive" | grep -qE '^[^-d]| -> | link to '; then refuse bad-archive; fi

mkdir "$unpacking"
umask 022
tar -xof "$archive" -C "$unpacking"
while [ $# -gt 1 ]; do
  case $1 in */*) mkdir -p "$unpacking/\${1%/*}" ;; esac
  ln -s "$2" "$unpacking/$1"
  shift 2
done
finished=1
echo "unpacked $unpacking"
tell_replaced
cd "$unpacking"
find . -type f -exec sha256sum {} +
`;

/**
 * `$1` data directory, `$2` generation's id; this node's configuration.yaml comes on standard input. Owner and mode become
 * those of the present directory. Nothing is visible to Zigbee2MQTT before the two renames at the end.
 */
const SWAP_SCRIPT = `
locate "$1"; id=$2
if [ -d "$data.understudy-before-$id" ]; then cat > /dev/null; exit 0; fi
take "$unpacking/configuration.yaml"
chmod -R u+rwX,u-s,g-s "$unpacking"
chmod "$(stat -c %a "$data")" "$unpacking"
chown -Rh "$(stat -c %u:%g "$data")" "$unpacking"
before=$(previous)
[ ! "$before" ] || discard "$before"
settle "$unpacking"
mv "$unpacking" "$data.understudy-new-$id"
mv "$data" "$data.understudy-before-$id"
mv "$data.understudy-new-$id" "$data"
flush "$parent"
keep_log "$data.understudy-before-$id"
`;

/**
 * Makes a generation the node's data directory, with the node's own values in configuration.yaml. The previous directory is kept
 * until `confirmData`, for `rollbackData`; what a person changed in it stays on the node after that, too. Applying the same
 * generation again changes nothing. The service must be stopped.
 * @throws UnderstudyError GENERATION_INVALID, NODE_NOT_UNDERSTOOD (no data directory, or a mount point), DISK_FULL,
 *   COMMAND_FAILED, and what Host.run throws. Before the swap nothing has changed; a kill in it is mended by `repairData`.
 */
export async function applyGeneration(
  host: Host,
  node: NodePaths & Pick<EffectiveNode, "ownValues">,
  id: string,
  signal?: AbortSignal,
): Promise<{ manifest: Manifest; replaced?: Replaced }> {
  const manifest = await verifyGeneration(host, node, id, signal);
  const output = await runNodeScript(host, DATA_DIRECTORY + KEEP_REPLACED + UNPACK_SCRIPT, {
    purpose: "unpack the generation",
    args: [
      node.dataDirectory,
      generationDirectory(node, id),
      id,
      node.stateDirectory,
      ...manifest.links.flatMap(({ path, target }) => [path, target]),
    ],
    refusals: REFUSALS,
    timeoutMs: 120_000,
    signal,
  });
  const [first = "", ...lines] = output.toString("utf8").split("\n");
  const replaced = parseReplaced(node, id, lines);
  const applied = { manifest, ...(replaced ? { replaced } : {}) };
  if (first === "applied") return applied;

  requireContent(node.name, manifest, lines);
  const configuration = await readFile(host, `${first.replace(/^unpacked /, "")}/configuration.yaml`, {
    privileged: true,
    signal,
  });
  if (!configuration) throw damaged(node.name, id, "configuration.yaml");
  await runNodeScript(host, DATA_DIRECTORY + SWAP_SCRIPT, {
    purpose: "exchange Zigbee2MQTT's data directory",
    args: [node.dataDirectory, id],
    input: Buffer.from(ownConfiguration(node, configuration.toString("utf8"))),
    refusals: REFUSALS,
    timeoutMs: 120_000,
    signal,
  });
  return applied;
}

function requireContent(node: string, manifest: Manifest, lines: readonly string[]): void {
  const hashes = lines.filter((line) => /^[0-9a-f]{64} /.test(line));
  const found = new Map(hashes.map((line) => [line.slice(68), line.slice(0, 64)]));
  const wrong = manifest.files.find(({ path, sha256 }) => found.get(path) !== sha256)?.path;
  if (wrong !== undefined) throw damaged(node, manifest.id, wrong);
  if (found.size !== manifest.files.length) throw damaged(node, manifest.id, "the list of files");
}

function ownConfiguration(node: NodePaths & Pick<EffectiveNode, "ownValues">, text: string): string {
  try {
    return putOwnValues(text, node.ownValues);
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    throw new UnderstudyError(error.id, { node: node.name, what: error.what, next: error.next });
  }
}

function damaged(node: string, id: string, file: string): UnderstudyError {
  return new UnderstudyError("GENERATION_INVALID", {
    node,
    what: `${file} in generation ${id} is not what was captured.`,
    next: "copy the generation to this node again, or make a new one.",
  });
}
