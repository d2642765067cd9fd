import fs from "node:fs";
import path from "node:path";
import type { StoredRadioDevice } from "../air/radio-device.ts";
import type { StoredDevice } from "../devices/index.ts";
import type { NetworkIdentity } from "./configuration.ts";

const CACHE = path.join(import.meta.dirname, "../../.cache/lab");
/** Made anew for each home, or of no use to another one. */
const NOT_KEPT = new Set(["configuration.yaml", "log"]);
/** Each change of the lab makes another snapshot; older ones than these are dropped. */
const KEPT = 6;

/** A formed home at rest: what is on its stick, on its devices, and in Zigbee2MQTT's data directory. Holds keys. */
export interface Snapshot {
  readonly network: NetworkIdentity;
  /** What the serving node's stick has in its flash. */
  readonly stick: string;
  readonly devices: readonly { readonly application: StoredDevice; readonly radio: StoredRadioDevice }[];
}

/** The snapshot of this name; undefined where there is none. */
export function readSnapshot(name: string): Snapshot | undefined {
  const file = path.join(CACHE, name, "home.json");
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Snapshot) : undefined;
}

/** Puts Zigbee2MQTT's files of a snapshot into its data directory. */
export function restoreData(name: string, dataDirectory: string): void {
  fs.cpSync(path.join(CACHE, name, "data"), dataDirectory, { recursive: true });
}

/** Keeps a formed home for the next one. Two that do so at the same time do no harm: the first stays. */
export function saveSnapshot(name: string, snapshot: Snapshot, dataDirectory: string): void {
  fs.mkdirSync(CACHE, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(CACHE, "new-"));
  try {
    fs.writeFileSync(path.join(temporary, "home.json"), JSON.stringify(snapshot));
    fs.cpSync(dataDirectory, path.join(temporary, "data"), {
      recursive: true,
      filter: (source) => !NOT_KEPT.has(path.relative(dataDirectory, source)),
    });
    fs.renameSync(temporary, path.join(CACHE, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  dropOldOnes();
}

function dropOldOnes(): void {
  const byAge = fs
    .readdirSync(CACHE)
    .filter((name) => !name.startsWith("new-"))
    .map((name) => ({ name, made: fs.statSync(path.join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.made - a.made);
  for (const { name } of byAge.slice(KEPT)) fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
}
