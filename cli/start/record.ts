import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { isAlive, markProcess } from "./process-facts.ts";
import type { ProcessMark } from "./process-facts.ts";

/** What a running `understudy start` says of itself. It is its lock too: at most one for a data directory. */
export interface StartRecord {
  readonly start: ProcessMark;
  /** ISO 8601. */
  readonly since: string;
  readonly address: string;
  readonly ui?: string;
  /** Leaders of the children's process groups. */
  readonly children: Readonly<Record<string, ProcessMark>>;
}

const FILE = "start.json";

/** The record of the `understudy start` that runs on this data directory; undefined where none does. */
export async function readStartRecord(directory: string): Promise<StartRecord | undefined> {
  const record = await read(join(directory, FILE));
  return record && (await isAlive(record.start)) ? record : undefined;
}

/** The lock of one `understudy start`. */
export interface StartLock {
  /** What a start that was killed left behind. */
  readonly remains: readonly ProcessMark[];
  update(change: Pick<StartRecord, "children">): Promise<void>;
  release(): Promise<void>;
}

/** Takes the data directory, creating it. Rejects ALREADY_STARTED (exit code 1) where another `understudy start` has it. */
export async function takeStartLock(directory: string, where: Pick<StartRecord, "address" | "ui">): Promise<StartLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  let record: StartRecord = {
    start: await markProcess(process.pid),
    since: new Date().toISOString(),
    ...where,
    children: {},
  };
  let remains: readonly ProcessMark[] = [];
  while (!(await createExclusively(path, record))) {
    const other = await read(path);
    if (other && (await isAlive(other.start))) throw alreadyStarted(other, directory);
    if (other) remains = Object.values(other.children);
    await removeDead(path);
  }
  return {
    remains,
    update: async (change) => {
      record = { ...record, ...change };
      await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    release: () => rm(path, { force: true }),
  };
}

/**
 * Takes a dead lock away. Only one process at a time does: else a slower one would take away the lock that a quicker one has
 * put in the dead one's place.
 */
async function removeDead(path: string): Promise<void> {
  const turn = `${path}.turn`;
  try {
    await mkdir(turn);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    await delay(20);
    const since = (await stat(turn).catch(() => undefined))?.mtimeMs;
    // Whoever had the turn was killed in these few lines.
    if (since !== undefined && Date.now() - since > 10_000) await rm(turn, { recursive: true, force: true });
    return;
  }
  try {
    const record = await read(path);
    if (!record || !(await isAlive(record.start))) await rm(path, { force: true });
  } finally {
    await rm(turn, { recursive: true, force: true });
  }
}

/** By linking a finished file, so that nobody ever reads half a record. */
async function createExclusively(path: string, record: StartRecord): Promise<boolean> {
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, JSON.stringify(record), { mode: 0o600 });
  try {
    await link(whole, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(whole);
  }
}

async function read(path: string): Promise<StartRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as StartRecord;
  } catch {
    // Missing, or torn by a power cut: nobody holds it.
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

function alreadyStarted(other: StartRecord, directory: string): CliFailure {
  return new CliFailure({
    id: "ALREADY_STARTED",
    exitCode: EXIT.usage,
    what: `\`understudy start\` is already running for ${directory}: process ${other.start.pid}, since ${other.since}, Temporal at ${other.address}.`,
    next: `use it, end it with Ctrl-C or \`kill ${other.start.pid}\`, or name another data directory with $UNDERSTUDY_DATA.`,
    extra: { running: { pid: other.start.pid, since: other.since, address: other.address, ui: other.ui } },
  });
}
