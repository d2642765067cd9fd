import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteNode } from "../site.ts";
import { ANY_HOST, NOTHING_TO_HEAL } from "./fault.ts";
import type { FaultClass, Heal } from "./fault.ts";

/** What can befall Zigbee2MQTT and what a node keeps. */
export const SERVICE_FAULTS: readonly FaultClass[] = [
  {
    name: "service-killed",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    mayEndDark: true,
    plan: () => ({
      words: "its Zigbee2MQTT is killed",
      strike: ({ node }) => {
        const { pid } = node.home.zigbee2mqtt;
        if (pid) killed(pid);
        return Promise.resolve(NOTHING_TO_HEAL);
      },
    }),
  },
  {
    name: "file-spoiled",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    plan: (random) => {
      const file = random.pick(SPOILABLE);
      const how = random.pick(["cut", "flipped", "empty"] as const);
      const at = random.next();
      return {
        words: `its ${file.words} is ${how === "cut" ? "cut short" : how === "flipped" ? "damaged" : "emptied"}`,
        strike: ({ node }) => Promise.resolve(spoil(file.find(node), how, at)),
      };
    },
  },
];

interface Spoilable {
  readonly words: string;
  find(node: SiteNode): string | undefined;
}

/** Files that Understudy reads before it trusts a node. What Zigbee2MQTT itself has open is left alone. */
const SPOILABLE: readonly Spoilable[] = [
  { words: "newest generation's archive", find: (node) => newest(node, "data.tar") },
  { words: "newest generation's image", find: (node) => newest(node, "nvram.json") },
  { words: "newest generation's manifest", find: (node) => newest(node, "manifest.json") },
  { words: "mark of the coordinator", find: (node) => inState(node, "coordinator.json") },
  { words: "claim", find: (node) => inState(node, "claim") },
  {
    words: "standby's copy of coordinator_backup.json",
    find: (node) => (node.home.zigbee2mqtt.running ? undefined : inData(node, "coordinator_backup.json")),
  },
  {
    words: "standby's copy of the database",
    find: (node) => (node.home.zigbee2mqtt.running ? undefined : inData(node, "database.db")),
  },
];

function newest(node: SiteNode, file: string): string | undefined {
  const directory = join(node.outside(node.home.stateDirectory), "generations");
  if (!existsSync(directory)) return undefined;
  const id = readdirSync(directory)
    .filter((name) => /^\d{8}T\d{6}Z-e\d+-[0-9a-f]+$/.test(name))
    .toSorted()
    .at(-1);
  return id ? join(directory, id, file) : undefined;
}

function inState(node: SiteNode, file: string): string {
  return join(node.outside(node.home.stateDirectory), file);
}

function inData(node: SiteNode, file: string): string {
  return join(node.home.zigbee2mqtt.dataDirectory, file);
}

/** Healed, the file is as it was, unless somebody has written or removed it meanwhile. */
function spoil(file: string | undefined, how: "cut" | "flipped" | "empty", at: number): Heal {
  if (!file || !existsSync(file)) return NOTHING_TO_HEAL;
  const before = readFileSync(file);
  if (before.length === 0) return NOTHING_TO_HEAL;
  const position = Math.floor(at * before.length);
  const spoilt =
    how === "empty" ? Buffer.alloc(0) : Buffer.from(before.subarray(0, how === "cut" ? position : undefined));
  if (how === "flipped") spoilt[position] = (spoilt[position] ?? 0) ^ 0x55;
  writeFileSync(file, spoilt);
  return () => {
    if (existsSync(file) && readFileSync(file).equals(spoilt)) writeFileSync(file, before);
    return Promise.resolve();
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
