import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { WatchedNode } from "./watched.ts";

/** What a node's state directory says, read without any of the product's code. */
export interface NodeRecord {
  readonly name: string;
  readonly bootId: string | undefined;
  readonly running: boolean;
  readonly onAir: boolean;
  /** Undefined: no such file. "unreadable": it is there and holds nothing of the kind. */
  readonly epoch: number | undefined | "unreadable";
  readonly grant: { readonly epoch: number; readonly bootId: string } | undefined | "unreadable";
  readonly stick: "clean" | "dirty" | undefined | "unreadable";
  readonly generations: readonly GenerationRecord[];
}

export interface GenerationRecord {
  readonly id: string;
  /** Why it is not what its manifest says; undefined: it is. */
  readonly fault: string | undefined;
  readonly keyedDevices: number;
}

interface Manifest {
  readonly id: string;
  readonly archive: Content;
  readonly nvram?: Content;
  readonly summary: { readonly keyedDevices: number };
}

interface Content {
  readonly bytes: number;
  readonly sha256: string;
}

/** Ids are dates; whatever is called otherwise is being made, or litter. */
const GENERATION_ID = /^\d{8}T\d{6}Z-e\d+-[0-9a-f]+$/;

/** Reads it all. A file that changes under the reader is read again by the next audit. */
export function readNode(node: WatchedNode): NodeRecord {
  const state = node.outside(node.home.stateDirectory);
  return {
    name: node.name,
    bootId: node.bootId(),
    running: node.home.zigbee2mqtt.running,
    onAir: node.home.dongle.onAir,
    epoch: readEpoch(join(state, "epoch")),
    grant: readJson(join(state, "grant.json"), (value) =>
      typeof value.epoch === "number" && typeof value.bootId === "string"
        ? { epoch: value.epoch, bootId: value.bootId }
        : undefined,
    ),
    stick: readJson(join(state, "coordinator.json"), (value) =>
      value.state === "clean" || value.state === "dirty" ? value.state : undefined,
    ),
    generations: readGenerations(join(state, "generations")),
  };
}

/** The grant lets the node serve: it is of this boot, and the node has heard of no higher epoch. */
export function holdsValidGrant({ grant, bootId, epoch }: NodeRecord): boolean {
  if (grant === undefined || grant === "unreadable" || grant.bootId !== bootId) return false;
  return typeof epoch !== "number" || grant.epoch >= epoch;
}

function readEpoch(file: string): NodeRecord["epoch"] {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8").trim();
  return /^\d+$/.test(text) ? Number(text) : "unreadable";
}

function readJson<T>(
  file: string,
  take: (value: Record<string, unknown>) => T | undefined,
): T | undefined | "unreadable" {
  if (!existsSync(file)) return undefined;
  try {
    return take(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) ?? "unreadable";
  } catch {
    return existsSync(file) ? "unreadable" : undefined;
  }
}

function readGenerations(directory: string): GenerationRecord[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((id) => GENERATION_ID.test(id))
    .flatMap((id) => {
      const record = readGeneration(join(directory, id), id);
      // One that was removed while it was read is no half-written one.
      return existsSync(join(directory, id)) ? [record] : [];
    });
}

function readGeneration(directory: string, id: string): GenerationRecord {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as Manifest;
    const contents: (readonly [string, Content | undefined])[] = [
      ["data.tar", manifest.archive],
      ["nvram.json", manifest.nvram],
    ];
    const wrong = contents.filter(([name, content]) => content && !holds(join(directory, name), content));
    const fault =
      manifest.id === id
        ? wrong.length > 0
          ? `${wrong.map(([name]) => name).join(", ")} is not what the manifest says`
          : undefined
        : "its manifest is another's";
    return { id, fault, keyedDevices: manifest.summary.keyedDevices };
  } catch {
    return { id, fault: "it has no manifest that can be read", keyedDevices: 0 };
  }
}

function holds(file: string, { bytes, sha256 }: Content): boolean {
  if (!existsSync(file) || statSync(file).size !== bytes) return false;
  return createHash("sha256").update(readFileSync(file)).digest("hex") === sha256;
}
