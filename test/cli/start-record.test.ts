import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { markProcess } from "../../cli/start/process-facts.ts";
import { readStartRecord, takeStartLock } from "../../cli/start/record.ts";
import { clearRemains } from "../../cli/start/remains.ts";

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-record-"));
  file = join(directory, "start.json");
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const where = { address: "127.0.0.1:7233", ui: "http://127.0.0.1:8233" };

test("one at a time; released, it can be taken again", async () => {
  const lock = await takeStartLock(directory, where);
  await expect(takeStartLock(directory, where)).rejects.toMatchObject({ id: "ALREADY_STARTED", exitCode: 1 });
  expect(await readStartRecord(directory)).toMatchObject(where);
  await lock.release();
  expect(await readStartRecord(directory)).toBeUndefined();
  await (await takeStartLock(directory, where)).release();
});

test("of many that find a dead lock at the same moment, one gets it", async () => {
  await writeFile(
    file,
    JSON.stringify({ start: { pid: process.pid, born: "another life" }, since: "", ...where, children: {} }),
  );
  const takes = await Promise.allSettled(Array.from({ length: 8 }, () => takeStartLock(directory, where)));
  expect(takes.filter((take) => take.status === "fulfilled")).toHaveLength(1);
});

test("a number that now belongs to another process is neither a lock nor ended", async () => {
  const stranger = { pid: process.pid, born: "another life" };
  await writeFile(file, JSON.stringify({ start: stranger, since: "", ...where, children: { server: stranger } }));
  const lock = await takeStartLock(directory, where);
  expect(lock.remains).toEqual([stranger]);
  const said: string[] = [];
  await clearRemains(lock.remains, (sentence) => said.push(sentence));
  expect(said).toEqual([]);
  await lock.release();
});

test("a record torn by a power cut is nobody's", async () => {
  await writeFile(file, '{"start":{"pid":');
  const lock = await takeStartLock(directory, where);
  await lock.update({ children: { worker: await markProcess(process.pid) } });
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ children: { worker: { pid: process.pid } } });
  await lock.release();
});
