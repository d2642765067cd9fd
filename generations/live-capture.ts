import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";
import { parseCoordinatorBackup } from "./coordinator-backup.ts";
import { copyData, headOf, keep, type CopyRequest } from "./copy-data.ts";
import {
  ARCHIVE_FILE,
  generationDirectory,
  type GenerationSummary,
  type Manifest,
  type NodePaths,
} from "./generation.ts";
import { runNodeScript } from "./node-script.ts";
import { findManifest, readFromArchive } from "./stored-generations.ts";
import { summarizeBackup } from "./summary.ts";

export interface LiveCaptureRequest extends CopyRequest {
  /** By the copied coordinator_backup.json: what the manifest says of the counters' age. */
  readonly live: (summary: GenerationSummary) => NonNullable<Manifest["live"]>;
  /** Why it must not be kept (I5), by what was copied; called before it gets its name. */
  readonly judge: (summary: GenerationSummary, copied: CopiedFiles) => readonly string[];
  /** What a person can do where it is not kept, as one sentence. */
  readonly ifUnfit: string;
}

/** Texts of the files that the judgement depends on; empty where there is none. */
export interface CopiedFiles {
  readonly backup: string;
  readonly database: string;
}

/**
 * As captureGeneration, while the service runs: the network is that of coordinator_backup.json, and there is no image.
 * @throws UnderstudyError as captureGeneration; GENERATION_INVALID also where the backup cannot be read or `judge` has reasons;
 *   NODE_BUSY where the files do not hold still.
 */
export async function captureLiveGeneration(
  host: Host,
  node: NodePaths,
  request: LiveCaptureRequest,
): Promise<Manifest> {
  const made = await findManifest(host, node, request.id, request.signal);
  if (made) return made;

  const { devices, ...content } = await copyData(host, node, request, undefined);
  const part = `${generationDirectory(node, request.id)}.part`;
  const read = async (file: string) =>
    (await readFromArchive(host, `${part}/${ARCHIVE_FILE}`, file, request.signal))?.toString("utf8") ?? "";
  const copied = { backup: await read("coordinator_backup.json"), database: await read("database.db") };
  const backup = parseCoordinatorBackup(copied.backup);
  const summary = backup && summarizeBackup(backup, devices);
  const reasons = summary ? request.judge(summary, copied) : ["coordinator_backup.json is not readable"];
  if (!summary || reasons.length > 0) {
    await runNodeScript(host, 'rm -rf "$1"', { purpose: "remove an unfit generation", args: [part] });
    throw new UnderstudyError("GENERATION_INVALID", {
      node: node.name,
      what: `What was copied must not become the standby's copy: ${reasons.join("; ")}.`,
      next: request.ifUnfit,
    });
  }
  return keep(
    host,
    node,
    { ...headOf(node, request), ...content, live: request.live(summary), summary },
    request.signal,
  );
}
