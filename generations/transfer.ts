import { copyBetween } from "../hosts/copy.ts";
import { ensureDirectory } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import {
  ARCHIVE_FILE,
  generationDirectory,
  MANIFEST_FILE,
  NVRAM_FILE,
  serializeManifest,
  type Manifest,
  type NodePaths,
} from "./generation.ts";
import { runNodeScript } from "./node-script.ts";
import { findManifest, verifyFiles, verifyGeneration } from "./stored-generations.ts";

export interface GenerationPlace {
  readonly host: Host;
  readonly node: NodePaths;
}

/** `$1` generation. A generation that is there under its own name is complete, and was found to be another or damaged one. */
const FINISH_SCRIPT = `
settle "$1.part"
rm -rf "$1.gone"
[ ! -d "$1" ] || mv "$1" "$1.gone"
mv "$1.part" "$1"
flush "\${1%/*}"
rm -rf "$1.gone"
`;

/**
 * Copies a generation from one node to another, resumable, and gives it its name only when everything there is verified.
 * Doing it again is harmless and cheap.
 * @throws UnderstudyError GENERATION_INVALID (the source's own copy is damaged), TRANSFER_FAILED, DISK_FULL, COMMAND_FAILED, and
 *   what Host.run throws. What has arrived stays as a part, for the next attempt.
 */
export async function transferGeneration(
  source: GenerationPlace,
  destination: GenerationPlace,
  id: string,
  signal?: AbortSignal,
): Promise<Manifest> {
  const manifest = await verifyGeneration(source.host, source.node, id, signal);
  if (await isThere(destination, manifest, signal)) return manifest;

  const from = generationDirectory(source.node, id);
  const to = generationDirectory(destination.node, id);
  await ensureDirectory(destination.host, `${to}.part`, { privileged: true, signal });
  for (const file of [...(manifest.nvram ? [NVRAM_FILE] : []), ARCHIVE_FILE, MANIFEST_FILE]) {
    await copyBetween(source.host, `${from}/${file}`, destination.host, `${to}.part/${file}`, {
      privileged: true,
      signal,
    });
  }
  await verifyFiles(destination.host, destination.node.name, `${to}.part`, manifest, signal);
  await runNodeScript(destination.host, FINISH_SCRIPT, { purpose: "keep the copied generation", args: [to], signal });
  return manifest;
}

async function isThere({ host, node }: GenerationPlace, manifest: Manifest, signal?: AbortSignal): Promise<boolean> {
  try {
    const present = await findManifest(host, node, manifest.id, signal);
    if (!present || serializeManifest(asMade(present)) !== serializeManifest(asMade(manifest))) return false;
    await verifyGeneration(host, node, manifest.id, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && "id" in error && error.id === "GENERATION_INVALID") return false;
    throw error;
  }
}

/** A standby keeps the NVRAM of its own coordinator with a live generation; that is not the generation's. */
function asMade(manifest: Manifest): Manifest {
  const { nvram: _own, ...rest } = manifest;
  return manifest.live ? rest : manifest;
}
