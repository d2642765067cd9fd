import { randomBytes } from "node:crypto";
import { z } from "zod";
import { UnderstudyError } from "../model/errors.ts";
import type { EffectiveNode } from "../config/effective.ts";

/**
 * A generation is a directory `<stateDirectory>/generations/<id>/`, readable by its owner only:
 *   data.tar        Zigbee2MQTT's data directory without logs and temporary files: regular files, nothing else
 *   nvram.json      the coordinator's NVRAM, read while the service was stopped. A live generation, made while the service
 *                   runs, has none: coordinator_backup.json in the archive holds the network. A standby whose coordinator was
 *                   written with it keeps the NVRAM of that here
 *   manifest.json   what both hold, hashed, without any secret; written last
 * A directory under its own name is complete; while it is being made it is called `<id>.part`.
 */
export const ARCHIVE_FILE = "data.tar";
export const NVRAM_FILE = "nvram.json";
export const MANIFEST_FILE = "manifest.json";

/** Where a node keeps what concerns generations. */
export type NodePaths = Pick<EffectiveNode, "name" | "dataDirectory" | "stateDirectory">;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const contentSchema = z.object({ bytes: z.number().int().nonnegative(), sha256 });
const relativePath = z.string().refine(isInnerPath);
const address = z.string().regex(/^0x[0-9a-f]{16}$/);
const count = z.number().int().nonnegative();

const summarySchema = z.object({
  coordinatorIeee: address,
  panId: count,
  extendedPanId: address,
  channel: count,
  keySequence: count,
  /** SHA-256 of the network key. */
  keyFingerprint: sha256,
  /** Devices with a link key of their own in the coordinator. */
  keyedDevices: count,
  /** Routers and end devices in Zigbee2MQTT's database. */
  databaseDevices: count,
  /** The image's highest outgoing counters, as stored: what Z-Stack had in RAM is not in them. */
  frameCounters: z.object({ network: count, linkKeys: count }),
});

const liveSchema = z.object({
  /** The counters of the summary were read then or later, by the controller's clock. */
  countersAt: z.iso.datetime(),
  /** Outgoing frames a second that the coordinator may have sent since; measured, and never taken for less than one. */
  framesPerSecond: z.number().positive(),
});

export const ID_PATTERN = /^\d{8}T\d{6}Z-e\d+-[0-9a-f]{6}$/;

const manifestSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(ID_PATTERN),
  service: z.string(),
  createdAt: z.iso.datetime(),
  sourceNode: z.string(),
  epoch: count,
  zigbee2mqttVersion: z.string(),
  archive: contentSchema,
  /** Absent in a live generation but for that of a standby whose coordinator holds it. */
  nvram: contentSchema.optional(),
  /** Made while the service ran. */
  live: liveSchema.optional(),
  /** The files of the archive. */
  files: z.array(contentSchema.extend({ path: relativePath })),
  /** Symbolic links that stay inside the data directory; they are made anew, and never stand in the archive. */
  links: z.array(z.object({ path: relativePath, target: z.string() })),
  /** Symbolic links that lead out of the data directory: they belong to the node, and were left there. */
  omittedLinks: z.array(z.string()),
  summary: summarySchema,
});

export type GenerationSummary = Readonly<z.infer<typeof summarySchema>>;
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** Sorts by time as text, names the epoch, and is unique: `20261121T031500Z-e12-a1b2c3`. */
export function newGenerationId(epoch: number, now: Date = new Date()): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-e${epoch}-${randomBytes(3).toString("hex")}`;
}

/** @throws UnderstudyError GENERATION_INVALID for anything that newGenerationId does not make, since ids become paths. */
export function generationDirectory(node: NodePaths, id: string): string {
  if (ID_PATTERN.test(id)) return `${node.stateDirectory}/generations/${id}`;
  throw new UnderstudyError("GENERATION_INVALID", {
    node: node.name,
    what: "This is not the id of a generation.",
    next: "use an id that `understudy status` lists.",
  });
}

/** @throws UnderstudyError GENERATION_INVALID, without the text. */
export function parseManifest(node: string, id: string, text: string): Manifest {
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success && parsed.data.id === id && linksStayInside(parsed.data)) return parsed.data;
  throw new UnderstudyError("GENERATION_INVALID", {
    node,
    what: `The manifest of generation ${id} cannot be used.`,
    next: "use another generation, or make a new one.",
  });
}

export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Whether a path names something below a directory, in the plain form in which we write paths. */
export function isInnerPath(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && isPlainText(path);
}

/** Whether a relative link at `path` leads to a place inside the directory. */
export function isInnerLink(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/") || !isPlainText(target)) return false;
  let depth = path.split("/").length - 1;
  for (const part of target.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

/** A link below another link could be led elsewhere by it. */
function linksStayInside({ links, files }: Manifest): boolean {
  const below = (path: string, link: string): boolean => path === link || path.startsWith(`${link}/`);
  return links.every(
    ({ path, target }, index) =>
      isInnerLink(path, target) &&
      files.every((file) => !below(file.path, path)) &&
      links.every((other, position) => position === index || !below(other.path, path)),
  );
}

/** No control characters and no backslash: those change their meaning on the way through tar and sha256sum. */
function isPlainText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return !/[\u0000-\u001f\u007f\\]/.test(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
