import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";
import { highestCounters } from "../coordinators/frame-counters.ts";
import { readNetwork } from "../coordinators/network.ts";
import { serializeNvramImage, type NvramImage } from "../coordinators/nvram-image.ts";
import {
  generationDirectory,
  isInnerLink,
  isInnerPath,
  serializeManifest,
  type GenerationSummary,
  type Manifest,
  type NodePaths,
} from "./generation.ts";
import { runNodeScript, type Refusals } from "./node-script.ts";
import { findManifest } from "./stored-generations.ts";

export interface CaptureRequest {
  /** From newGenerationId; capturing the same id again returns what the first run made. */
  readonly id: string;
  readonly service: string;
  readonly epoch: number;
  readonly createdAt: Date;
  readonly zigbee2mqttVersion: string;
  readonly image: NvramImage;
  /** Zigbee2MQTT's log directory inside the data directory, as its first path component. Default `log`. */
  readonly logDirectory?: string;
  readonly signal?: AbortSignal;
}

const REQUIRED_FILES = ["configuration.yaml", "database.db", "coordinator_backup.json"];

const REFUSALS: Refusals = {
  "no-data": {
    id: "NODE_NOT_UNDERSTOOD",
    what: "Zigbee2MQTT's data directory does not exist.",
    next: "correct the node's dataDirectory.",
  },
  "strange-name": {
    id: "GENERATION_INVALID",
    what: 'Zigbee2MQTT\'s data directory holds a file whose name has a backslash, a control character, " -> " or " link to ".',
    next: "rename that file, then try again.",
  },
};

/**
 * `$1` generation, `$2` data directory, `$3` log directory in it; the NVRAM comes on standard input. Archive and hashes are
 * made of a copy, so that they agree even if the service was running. (Not every busybox has tar -T or tar -X.) Prints one line a fact:
 * `S size ./path`, `H hash  ./path`, `L ./path<tab>target`, `D devices in the database`, `A size hash name`.
 */
const CAPTURE_SCRIPT = `
generation=$1 data=$2 log=$3
part=$generation.part
finished=
trap '[ "$finished" ] || rm -rf "$part"' EXIT
[ -d "$data" ] || refuse no-data
mkdir -p "\${generation%/*}"
rm -rf "$part"
mkdir "$part" "$part/tree"
take "$part/nvram.json"

cd "$data"
chosen() {
  find . \\( -path "./$log" -o -name '*.log' -o -name '*.tmp' -o -name '.tmp-*' \\) -prune -o "$@"
}
if chosen \\( -name '*[[:cntrl:]]*' -o -name '*\\\\*' -o -name '* -> *' -o -name '* link to *' \\) -print | grep -q .; then refuse strange-name; fi
(umask 022; chosen -type d -exec sh -c 'for path; do mkdir -p "$0/$path"; done' "$part/tree" {} +)
chosen -type f -exec sh -ec 'for path; do cp -p "$path" "$0/$path"; done' "$part/tree" {} +
chosen -type l -print > "$part/links"
while IFS= read -r link; do printf 'L %s\\t%s\\n' "$link" "$(readlink "$link")"; done < "$part/links"

cd "$part/tree"
tar -cf "$part/data.tar" .
find . -type f -exec stat -c 'S %s %n' {} +
find . -type f -exec sha256sum {} + > "$part/hashes"
sed 's/^/H /' "$part/hashes"
[ ! -f database.db ] || printf 'D %s\\n' "$(grep -cE '"type":"(Router|EndDevice)"' database.db || :)"
cd "$part"
rm -rf tree links hashes
for file in data.tar nvram.json; do
  hash=$(sha256sum "$file")
  printf 'A %s %s %s\\n' "$(stat -c %s "$file")" "\${hash%% *}" "$file"
done
finished=1
`;

/** `$1` generation; the manifest comes on standard input. The name without `.part` appears only when all of it is on disk. */
const FINISH_SCRIPT = `
generation=$1
if [ -d "$generation" ]; then rm -rf "$generation.part"; exit 0; fi
take "$generation.part/manifest.json"
settle "$generation.part"
mv "$generation.part" "$generation"
flush "\${generation%/*}"
`;

/**
 * Makes a generation of a node's data directory and the image just read from its coordinator. Meant for a stopped service.
 * Left out: logs (the log directory, `*.log`), temporary files (`*.tmp`, `.tmp-*`), and links that lead out of the directory.
 * @throws UnderstudyError GENERATION_INVALID (the image holds no network, a file that a standby needs is missing), DISK_FULL,
 *   NODE_NOT_UNDERSTOOD, COMMAND_FAILED, and what Host.run throws. A failed capture leaves no generation.
 */
export async function captureGeneration(host: Host, node: NodePaths, request: CaptureRequest): Promise<Manifest> {
  const directory = generationDirectory(node, request.id);
  const made = await findManifest(host, node, request.id, request.signal);
  if (made) return made;

  const network = summarizeNetwork(node, request.image);
  const output = await runNodeScript(host, CAPTURE_SCRIPT, {
    purpose: "copy Zigbee2MQTT's data directory",
    args: [directory, node.dataDirectory, request.logDirectory ?? "log"],
    input: Buffer.from(serializeNvramImage(request.image)),
    refusals: REFUSALS,
    timeoutMs: 120_000,
    signal: request.signal,
  });
  const { devices, ...content } = readFacts(output.toString("utf8"));
  const missing = REQUIRED_FILES.filter((name) => !content.files.some(({ path }) => path === name));
  if (missing.length > 0) {
    throw new UnderstudyError("GENERATION_INVALID", {
      node: node.name,
      what: `Zigbee2MQTT's data directory lacks ${missing.join(", ")} as a regular file.`,
      next: "a link to a place outside cannot be handed over: put the file itself there; a missing backup is written when Zigbee2MQTT stops.",
    });
  }
  const manifest: Manifest = {
    format: 1,
    id: request.id,
    service: request.service,
    createdAt: request.createdAt.toISOString(),
    sourceNode: node.name,
    epoch: request.epoch,
    zigbee2mqttVersion: request.zigbee2mqttVersion,
    ...content,
    summary: { ...network, databaseDevices: devices },
  };
  await runNodeScript(host, FINISH_SCRIPT, {
    purpose: "keep the new generation",
    args: [directory],
    input: Buffer.from(serializeManifest(manifest)),
    signal: request.signal,
  });
  return manifest;
}

function summarizeNetwork(node: NodePaths, image: NvramImage): Omit<GenerationSummary, "databaseDevices"> {
  const network = readNetwork(image);
  if (!network.formed) {
    throw new UnderstudyError("GENERATION_INVALID", {
      node: node.name,
      what: "The coordinator's NVRAM holds no network, so there is nothing to hand over.",
      next: "check that this is the coordinator which serves the home.",
    });
  }
  return {
    coordinatorIeee: network.coordinatorIeee,
    panId: network.panId,
    extendedPanId: network.extendedPanId,
    channel: network.channel,
    keySequence: network.keySequence,
    keyFingerprint: network.networkKey.fingerprint(),
    keyedDevices: network.keyedDevices,
    frameCounters: highestCounters(image),
  };
}

type Content = Pick<Manifest, "archive" | "nvram" | "files" | "links" | "omittedLinks"> & { readonly devices: number };

function readFacts(output: string): Content {
  const lines = output.split("\n");
  const matching = (pattern: RegExp): RegExpExecArray[] =>
    lines.map((line) => pattern.exec(line)).filter((match) => match !== null);
  const sizes = new Map(matching(/^S (\d+) \.\/(.*)$/).map(([, size, path]) => [path ?? "", Number(size)]));
  const files = matching(/^H ([0-9a-f]{64}) [ *]\.\/(.*)$/).map(([, sha256 = "", path = ""]) => ({
    path,
    bytes: sizes.get(path) ?? 0,
    sha256,
  }));
  const links = matching(/^L \.\/([^\t]*)\t(.*)$/).map(([, path = "", target = ""]) => ({ path, target }));
  const parts = new Map(
    matching(/^A (\d+) ([0-9a-f]{64}) (\S+)$/).map(([, bytes, sha256 = "", name = ""]) => [
      name,
      { bytes: Number(bytes), sha256 },
    ]),
  );
  const none = { bytes: 0, sha256: "" };
  return {
    archive: parts.get("data.tar") ?? none,
    nvram: parts.get("nvram.json") ?? none,
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    links: links.filter(isKept),
    omittedLinks: links.filter((link) => !isKept(link)).map(({ path }) => path),
    devices: Number(matching(/^D (\d+)$/)[0]?.[1] ?? 0),
  };
}

function isKept({ path, target }: { path: string; target: string }): boolean {
  return isInnerPath(path) && isInnerLink(path, target);
}
