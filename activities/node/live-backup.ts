import { posix } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseCoordinatorBackup, type CoordinatorBackup } from "../../generations/coordinator-backup.ts";
import { devicesOf } from "../../generations/database.ts";
import type { Manifest } from "../../generations/generation.ts";
import { judgeGeneration } from "../../generations/judge.ts";
import { readArchived } from "../../generations/stored-generations.ts";
import { summarizeBackup } from "../../generations/summary.ts";
import { hashFile, readFile } from "../../hosts/files.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { Bridge } from "../../zigbee2mqtt/bridge.ts";
import type { NodeAccess } from "../support/world.ts";

const BACKUP_FILE = "coordinator_backup.json";
/** Reading all tables takes 7-12 s on hardware, more while devices are busy. */
const WRITTEN_MS = 60_000;
const POLL_MS = 500;
/** Counters are raised by their age at a take-over, so they must not become very old. */
const DAY_MS = 24 * 3_600_000;

/**
 * Makes Zigbee2MQTT read its coordinator and write coordinator_backup.json, and waits until it has. It goes on serving meanwhile.
 * @throws UnderstudyError BACKUP_NOT_WRITTEN
 */
export async function requestLiveBackup(
  { host, node }: NodeAccess,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<void> {
  const file = posix.join(node.dataDirectory, BACKUP_FILE);
  const look = () => hashFile(host, file, { privileged: true, signal });
  const before = await look();
  bridge.requestBackup();
  for (const until = Date.now() + WRITTEN_MS; Date.now() < until;) {
    await pause(POLL_MS, undefined, { signal });
    const now = await look();
    if (now !== undefined && now !== before) return;
  }
  throw new UnderstudyError("BACKUP_NOT_WRITTEN", {
    node: node.name,
    what: `Zigbee2MQTT was asked to back its coordinator up and wrote no ${BACKUP_FILE} within ${WRITTEN_MS / 1000} s.`,
    next: "look at its log: the coordinator may not answer. The standby keeps its earlier copy.",
  });
}

/** Why the backup on disk is not enough for a new generation, in words; undefined where it is. */
export async function staleness(
  at: NodeAccess,
  previous: Manifest | undefined,
  hashes: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!previous?.live || previous.sourceNode !== at.node.name) return "this node was not copied before";
  if (Date.now() - Date.parse(previous.live.countersAt) > DAY_MS) return "its counters were read a day ago";
  const settings = previous.files.filter(({ path }) => /\.ya?ml$/.test(path));
  if (settings.some(({ path, sha256 }) => hashes.get(path) !== sha256)) return "its configuration changed";
  const read = (name: string) =>
    readFile(at.host, posix.join(at.node.dataDirectory, name), { privileged: true, signal });
  const [database, earlier] = await Promise.all([
    read("database.db"),
    readArchived(at.host, at.node, previous.id, "database.db", signal),
  ]);
  const [devices, before] = [devicesOf(text(database)), devicesOf(text(earlier))];
  if (devices.size !== before.size || ![...devices].every((device) => before.has(device))) return "its devices changed";
  const backup = parseCoordinatorBackup(text(await read(BACKUP_FILE)));
  if (!backup) return `${BACKUP_FILE} is not readable`;
  const [worse] = judgeGeneration(summarizeBackup(backup, devices.size), previous.summary);
  return worse;
}

/** The backup in an earlier generation: what a new one is measured by, like with like (I5). */
export async function backupIn(
  { host, node }: NodeAccess,
  generation: Manifest,
  signal: AbortSignal,
): Promise<CoordinatorBackup | undefined> {
  return parseCoordinatorBackup(text(await readArchived(host, node, generation.id, BACKUP_FILE, signal)));
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString("utf8") ?? "";
}
