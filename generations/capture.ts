import type { Host } from "../hosts/host.ts";
import type { NvramImage } from "../coordinators/nvram-image.ts";
import { copyData, headOf, keep, type CopyRequest } from "./copy-data.ts";
import type { Manifest, NodePaths } from "./generation.ts";
import { findManifest } from "./stored-generations.ts";
import { summarizeNetwork } from "./summary.ts";

export interface CaptureRequest extends CopyRequest {
  readonly image: NvramImage;
}

/**
 * Makes a generation of a node's data directory and the image just read from its coordinator. Meant for a stopped service.
 * Left out: logs (the log directory, `*.log`), temporary files (`*.tmp`, `.tmp-*`), and links that lead out of the directory.
 * @throws UnderstudyError GENERATION_INVALID (the image holds no network, a file that a standby needs is missing), DISK_FULL,
 *   NODE_NOT_UNDERSTOOD, COMMAND_FAILED, and what Host.run throws. A failed capture leaves no generation.
 */
export async function captureGeneration(host: Host, node: NodePaths, request: CaptureRequest): Promise<Manifest> {
  const made = await findManifest(host, node, request.id, request.signal);
  if (made) return made;

  const network = summarizeNetwork(node, request.image);
  const { devices, ...content } = await copyData(host, node, request, request.image);
  const manifest: Manifest = {
    ...headOf(node, request),
    ...content,
    summary: { ...network, databaseDevices: devices },
  };
  return keep(host, node, manifest, request.signal);
}
