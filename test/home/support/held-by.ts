import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { DongleState } from "../../../lab/coordinator/dongle.ts";
import type { HomeNode } from "../../../lab/home/node.ts";

/** Zigbee2MQTT's logs stay with the node, whatever becomes of its data directory. */
const LOGS = "log";

export interface Held {
  /** Zigbee2MQTT's files, and each generation's, by a hash over all of them; and what lies beside the data directory. */
  readonly files: {
    readonly data: string;
    readonly beside: readonly string[];
    readonly generations: Readonly<Record<string, string>>;
  };
  readonly stick: DongleState;
  readonly mark: StickMark | undefined;
}

/** Whether the last write to a stick ended well. */
export interface StickMark {
  readonly state: "clean" | "dirty";
  readonly generation: string;
}

/** What a node holds of the service. */
export function heldBy(node: HomeNode): Held {
  const { dataDirectory } = node.zigbee2mqtt;
  const generations = join(node.stateDirectory, "generations");
  return {
    files: {
      data: hashOf(dataDirectory),
      beside: readdirSync(join(dataDirectory, "..")).toSorted(),
      generations: Object.fromEntries(readdirSync(generations).map((id) => [id, hashOf(join(generations, id))])),
    },
    stick: node.dongle.inspect(),
    mark: stickMark(node),
  };
}

/** What the node keeps about its stick. Undefined: it was never written. */
export function stickMark(node: HomeNode): StickMark | undefined {
  const file = join(node.stateDirectory, "coordinator.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as StickMark) : undefined;
}

function hashOf(directory: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.split("/")[0] !== LOGS,
  );
  for (const name of names.toSorted()) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    hash.update(`${name}\0${stat.mode}\0`);
    if (stat.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (stat.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}
