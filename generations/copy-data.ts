import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";
import { serializeNvramImage, type NvramImage } from "../coordinators/nvram-image.ts";
import { CAPTURE_SCRIPT, FINISH_SCRIPT, LOOK_SCRIPT, REFUSALS } from "./capture-script.ts";
import {
  generationDirectory,
  isInnerLink,
  isInnerPath,
  serializeManifest,
  type Manifest,
  type NodePaths,
} from "./generation.ts";
import { runNodeScript } from "./node-script.ts";

export interface CopyRequest {
  /** From newGenerationId; capturing the same id again returns what the first run made. */
  readonly id: string;
  readonly service: string;
  readonly epoch: number;
  readonly createdAt: Date;
  readonly zigbee2mqttVersion: string;
  /** Zigbee2MQTT's log directory inside the data directory, as its first path component. Default `log`. */
  readonly logDirectory?: string;
  readonly signal?: AbortSignal;
}

/** Zigbee2MQTT's, as the first path component in its data directory. */
const LOG_DIRECTORY = "log";
const REQUIRED_FILES = ["configuration.yaml", "database.db", "coordinator_backup.json"];

export type Content = Pick<Manifest, "archive" | "nvram" | "files" | "links" | "omittedLinks"> & {
  readonly devices: number;
};

/** Copies the data directory into the generation's unfinished directory, with the image where the service is stopped. */
export async function copyData(
  host: Host,
  node: NodePaths,
  request: CopyRequest,
  image: NvramImage | undefined,
): Promise<Content> {
  const output = await runNodeScript(host, CAPTURE_SCRIPT, {
    purpose: "copy Zigbee2MQTT's data directory",
    args: [
      generationDirectory(node, request.id),
      node.dataDirectory,
      request.logDirectory ?? LOG_DIRECTORY,
      image ? "" : "yes",
    ],
    ...(image ? { input: Buffer.from(serializeNvramImage(image)) } : {}),
    refusals: REFUSALS,
    timeoutMs: 120_000,
    signal: request.signal,
  });
  const content = readFacts(output.toString("utf8"));
  const missing = REQUIRED_FILES.filter((name) => !content.files.some(({ path }) => path === name));
  if (missing.length === 0) return content;
  throw new UnderstudyError("GENERATION_INVALID", {
    node: node.name,
    what: `Zigbee2MQTT's data directory lacks ${missing.join(", ")} as a regular file.`,
    next: "a link to a place outside cannot be handed over: put the file itself there; a missing backup is written when Zigbee2MQTT stops.",
  });
}

/**
 * Hash of each file that a generation of this data directory would hold, by path.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD, COMMAND_FAILED, and what Host.run throws.
 */
export async function hashData(
  host: Host,
  node: NodePaths,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const output = await runNodeScript(host, LOOK_SCRIPT, {
    purpose: "look at Zigbee2MQTT's data directory",
    args: [node.dataDirectory, LOG_DIRECTORY],
    refusals: REFUSALS,
    timeoutMs: 120_000,
    exclusive: false,
    signal,
  });
  return new Map(readFacts(output.toString("utf8")).files.map(({ path, sha256 }) => [path, sha256]));
}

/** Gives a copied generation its manifest and its name. */
export async function keep(host: Host, node: NodePaths, manifest: Manifest, signal?: AbortSignal): Promise<Manifest> {
  await runNodeScript(host, FINISH_SCRIPT, {
    purpose: "keep the new generation",
    args: [generationDirectory(node, manifest.id)],
    input: Buffer.from(serializeManifest(manifest)),
    signal,
  });
  return manifest;
}

/** What the manifest of every kind begins with. */
export function headOf(node: NodePaths, request: CopyRequest) {
  return {
    format: 1,
    id: request.id,
    service: request.service,
    createdAt: request.createdAt.toISOString(),
    sourceNode: node.name,
    epoch: request.epoch,
    zigbee2mqttVersion: request.zigbee2mqttVersion,
  } as const;
}

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
    nvram: parts.get("nvram.json"),
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    links: links.filter(isKept),
    omittedLinks: links.filter((link) => !isKept(link)).map(({ path }) => path),
    devices: Number(matching(/^D (\d+)$/)[0]?.[1] ?? 0),
  };
}

function isKept({ path, target }: { path: string; target: string }): boolean {
  return isInnerPath(path) && isInnerLink(path, target);
}
