import { UnderstudyError } from "../model/errors.ts";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import { parseNvramImage, type NvramImage } from "../coordinators/nvram-image.ts";
import {
  ARCHIVE_FILE,
  generationDirectory,
  ID_PATTERN,
  MANIFEST_FILE,
  NVRAM_FILE,
  parseManifest,
  type Manifest,
  type NodePaths,
} from "./generation.ts";
import { runNodeScript } from "./node-script.ts";

/** The generations that a node holds, oldest first. Unfinished ones are not among them. */
export async function listGenerations(host: Host, node: NodePaths, signal?: AbortSignal): Promise<readonly string[]> {
  const output = await runNodeScript(host, '[ ! -d "$1" ] || ls "$1"', {
    purpose: "list its generations",
    args: [`${node.stateDirectory}/generations`],
    exclusive: false,
    signal,
  });
  return output
    .toString("utf8")
    .split("\n")
    .filter((name) => ID_PATTERN.test(name))
    .toSorted();
}

/** @throws UnderstudyError GENERATION_INVALID where the node has no such generation or its manifest cannot be used. */
export async function readManifest(host: Host, node: NodePaths, id: string, signal?: AbortSignal): Promise<Manifest> {
  const manifest = await findManifest(host, node, id, signal);
  if (manifest) return manifest;
  throw absent(node, id);
}

/** As readManifest, undefined where the node has no such generation. */
export async function findManifest(
  host: Host,
  node: NodePaths,
  id: string,
  signal?: AbortSignal,
): Promise<Manifest | undefined> {
  const text = await readPart(host, node, id, MANIFEST_FILE, signal);
  return text === undefined ? undefined : parseManifest(node.name, id, text);
}

/**
 * The coordinator's image of a generation: a secret. Its hash is not checked here, see verifyGeneration.
 * @throws UnderstudyError GENERATION_INVALID, COORDINATOR_UNREADABLE (not an image).
 */
export async function readGenerationImage(
  host: Host,
  node: NodePaths,
  id: string,
  signal?: AbortSignal,
): Promise<NvramImage> {
  const text = await readPart(host, node, id, NVRAM_FILE, signal);
  if (text === undefined) throw absent(node, id);
  return parseNvramImage(text);
}

/**
 * Reads the manifest and checks both files against it.
 * @throws UnderstudyError GENERATION_INVALID naming the file that is missing or damaged.
 */
export async function verifyGeneration(
  host: Host,
  node: NodePaths,
  id: string,
  signal?: AbortSignal,
): Promise<Manifest> {
  const manifest = await readManifest(host, node, id, signal);
  await verifyFiles(host, node.name, generationDirectory(node, id), manifest, signal);
  return manifest;
}

/** Checks the archive and the image that lie in a directory, whatever its name. */
export async function verifyFiles(
  host: Host,
  node: string,
  directory: string,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<void> {
  const output = await runNodeScript(
    host,
    'cd "$1"; for file in data.tar nvram.json; do [ ! -f "$file" ] || sha256sum "$file"; done',
    {
      purpose: "check a generation",
      args: [directory],
      exclusive: false,
      timeoutMs: 120_000,
      signal,
    },
  );
  const hashes = new Map(
    output
      .toString("utf8")
      .split("\n")
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  const wrong = Object.entries({ [ARCHIVE_FILE]: manifest.archive, [NVRAM_FILE]: manifest.nvram }).find(
    ([name, content]) => content && hashes.get(name) !== content.sha256,
  );
  if (!wrong) return;
  throw new UnderstudyError("GENERATION_INVALID", {
    node,
    what: `${wrong[0]} of generation ${manifest.id} is missing or damaged.`,
    next: "copy it to this node again, use another generation, or make a new one.",
  });
}

/**
 * One file of a generation's archive, undefined where it has none of that name. It may hold keys.
 * @throws UnderstudyError GENERATION_INVALID, COMMAND_FAILED, and what Host.run throws.
 */
export async function readArchived(
  host: Host,
  node: NodePaths,
  id: string,
  file: string,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  return readFromArchive(host, `${generationDirectory(node, id)}/${ARCHIVE_FILE}`, file, signal);
}

/** As readArchived, from an archive wherever it lies. */
export async function readFromArchive(
  host: Host,
  archive: string,
  file: string,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  const script = 'tar -tf "$1" "./$2" > /dev/null 2>&1 || exit 0; echo; tar -xOf "$1" "./$2"';
  const output = await runNodeScript(host, script, {
    purpose: "read a file of a generation",
    args: [archive, file],
    exclusive: false,
    signal,
  });
  return output.length === 0 ? undefined : output.subarray(1);
}

async function readPart(
  host: Host,
  node: NodePaths,
  id: string,
  file: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const bytes = await readFile(host, `${generationDirectory(node, id)}/${file}`, { privileged: true, signal });
  return bytes?.toString("utf8");
}

function absent(node: NodePaths, id: string): UnderstudyError {
  return new UnderstudyError("GENERATION_INVALID", {
    node: node.name,
    what: `The node has no generation ${id}.`,
    next: "use one that `understudy status` lists, or make a new one.",
  });
}
