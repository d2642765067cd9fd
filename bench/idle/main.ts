/**
 * `npm run measure:idle [-- --minutes N] [--warm-up N]`: what Understudy costs while nothing happens. The home of the demo with
 * `understudy start` as its owner would run it, its service armed and synced once; then N minutes (default 10: two scheduled syncs) of
 * nothing. Prints memory, CPU and what was written to disk for each process, what each unchanged sync costs in history,
 * and last one JSON object. Exit code 1 where a target is missed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client, Connection } from "@temporalio/client";
import { parse } from "yaml";
import { UnderstudyProgram } from "../../lab/demo/understudy-program.ts";
import { createHome } from "../../lab/home/create-home.ts";
import type { Home } from "../../lab/home/home.ts";
import { costsOfTree } from "./process-costs.ts";
import { summarize } from "./summary.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, "warm-up": { type: "string", default: "2" } },
});
const minutes = Number(values.minutes);
const warmUp = Number(values["warm-up"]);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
const rest = (ms: number) => pause(ms, undefined, { signal: stop.signal });
const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);

const directory = mkdtempSync(join(tmpdir(), "understudy-idle-"));
const cleaning: (() => Promise<void> | void)[] = [() => rmSync(directory, { recursive: true, force: true })];
let code = 1;
try {
  const home = await createHome({ directory: join(directory, "home"), devices: 12, signal: stop.signal });
  cleaning.push(() => home.stop());
  syncAsByDefault(home);
  const understudy = new UnderstudyProgram(home.configFile, home.environment, join(directory, "understudy.log"));
  cleaning.push(() => understudy.stop());
  await understudy.start(150_000, stop.signal);
  // The second sync lets the standby listen, which an armed service does once an hour.
  for (const verb of [["sync", "--enrol-blank-stick"], ["arm"], ["sync"]]) {
    const { code: failed } = await understudy.run(verb, { signal: stop.signal });
    if (failed !== 0) throw new Error(`understudy ${verb.join(" ")} failed:\n${understudy.logTail()}`);
  }
  say(`A home with two nodes and twelve devices, armed and synced; ${warmUp} minutes to come to rest.`);
  await rest(warmUp * 60_000);

  const settings = parse(readFileSync(home.configFile, "utf8")) as {
    temporal: { port: number; dataDirectory: string };
  };
  const record = JSON.parse(readFileSync(join(settings.temporal.dataDirectory, "start.json"), "utf8")) as {
    start: { pid: number };
  };
  const since = new Date();
  const before = costsOfTree(record.start.pid);
  say(`Nothing happens for ${minutes} minutes.`);
  await rest(minutes * 60_000);
  const after = costsOfTree(record.start.pid);
  const connection = await Connection.connect({ address: `127.0.0.1:${settings.temporal.port}` });
  cleaning.push(() => connection.close());
  const result = summarize({
    before,
    after,
    elapsedMs: Date.now() - since.getTime(),
    syncs: await syncsSince(new Client({ connection }), since),
  });
  for (const line of result.lines) console.log(line);
  console.log(JSON.stringify(result.figures));
  code = result.missed.length === 0 ? 0 : 1;
} catch (error) {
  say(`Ended: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  for (const clean of cleaning.toReversed())
    await Promise.resolve(clean()).catch((error: unknown) => say(String(error)));
}
process.exit(code);

/** The lab's homes sync only when asked to; an owner's does every five minutes. */
function syncAsByDefault(home: Home): void {
  const text = readFileSync(home.configFile, "utf8");
  const lines = text.split("\n").filter((line) => !line.startsWith("    sync:"));
  writeFileSync(home.configFile, lines.join("\n"));
}

/** Events of each workflow that ran for a sync since then, together for each sync. */
async function syncsSince(client: Client, since: Date): Promise<readonly { workflowId: string; events: number }[]> {
  const found: { workflowId: string; events: number }[] = [];
  const query = `WorkflowType = "sync" AND StartTime >= "${since.toISOString()}"`;
  for await (const { workflowId, historyLength } of client.workflow.list({ query }))
    found.push({ workflowId, events: historyLength });
  return found;
}
