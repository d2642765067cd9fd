import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { addSearchAttributes, ensureServices } from "../../cli/start/namespace.ts";
import { addressOf, startServer, waitUntilHealthy } from "../../cli/start/server.ts";
import type { OwnServer } from "../../cli/start/server.ts";
import { startBroker } from "../../lab/hosts/broker.ts";
import { freePorts } from "../../lab/hosts/free-port.ts";
import { startJanitor } from "../../lab/hosts/janitor.ts";
import { TASK_QUEUE } from "../../workflows/contract.ts";
import { costsOfTree } from "../idle/process-costs.ts";
import { armAll, decisionsAfter, eventsOf } from "./observe.ts";
import { configuration, serviceNames } from "./services.ts";
import type { ScaleFigures } from "./table.ts";

/** In the environment of all that is started here. */
const MARK = "UNDERSTUDY_SCALE";
const MB = 1_000_000;
const DAY_MS = 86_400_000;
/** So many services' histories are counted. */
const SAMPLE = 20;
/** After the last service was armed: what the start itself costs is over then. */
const SETTLE_MS = 20_000;

export interface Wish {
  readonly services: number;
  /** How many fail at once. */
  readonly lost: number;
  /** How long nothing happens before that. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** One number of services, from nothing to the decisions. Ends all that it started. */
export async function measure({ services, lost, seconds, signal: wish }: Wish): Promise<ScaleFigures> {
  const broken = new AbortController();
  const signal = AbortSignal.any([wish, broken.signal]);
  const directory = mkdtempSync(join(tmpdir(), "understudy-scale-"));
  // Whatever ends us: nothing of it outlives us.
  const id = randomUUID();
  delete process.env[MARK];
  const cleaning: (() => Promise<unknown> | void)[] = [startJanitor(`${MARK}=${id}`, directory)];
  // Only now, for it ends whatever has the mark.
  process.env[MARK] = id;
  const rest = (ms: number) => pause(ms, undefined, { signal });
  try {
    const broker = await startBroker({ directory });
    cleaning.push(() => broker.stop());
    const [port = 0, uiPort = 0] = await freePorts(2);
    const executable = process.env["UNDERSTUDY_TEMPORAL"] ?? "temporal";
    const server: OwnServer = {
      executable,
      directory: join(directory, "temporal"),
      port,
      uiPort,
      namespace: "default",
    };
    const temporal = { port, uiPort, directory: server.directory };
    const configFile = join(directory, "understudy.yaml");
    writeFileSync(configFile, configuration({ brokerUrl: broker.url, temporal, services }));
    const lostDirectory = join(directory, "lost");
    mkdirSync(lostDirectory);

    const names = serviceNames(services);
    const homes = program("homes.ts", [broker.url, String(services)], configFile);
    cleaning.push(() => end(homes.child));
    await homes.says("ready");
    const leashed = await startServer(server);
    cleaning.push(() => leashed.stop(10_000));
    await waitUntilHealthy(server, leashed);
    const connection = await Connection.connect({ address: addressOf(server) });
    cleaning.push(() => connection.close());
    const client = new Client({ connection });
    await addSearchAttributes(client);
    const began = Date.now();
    const worker = program("worker.ts", [lostDirectory], configFile);
    cleaning.push(() => end(worker.child));
    const triggers = program("triggers.ts", [], configFile);
    cleaning.push(() => end(triggers.child));
    for (const { child } of [worker, triggers])
      child.once("exit", () => broken.abort(new Error("A process of the measurement ended.")));
    await ensureServices(client, names, TASK_QUEUE);
    await armAll(client, names, signal);
    const readyMs = Date.now() - began;
    await rest(SETTLE_MS);

    const sample = names.filter((_, index) => index % Math.ceil(services / SAMPLE) === 0);
    const since = new Date();
    const eventsBefore = await eventsOf(client, sample, since);
    const look = () => ({
      at: Date.now(),
      server: costsOfTree(leashed.pid),
      worker: costsOfTree(worker.child.pid ?? 0),
      triggers: costsOfTree(triggers.child.pid ?? 0),
    });
    const before = look();
    await rest(seconds * 1000);
    const after = look();
    const events = (await eventsOf(client, sample, since)) - eventsBefore;
    const elapsedMs = after.at - before.at;
    const each = (of: (which: "server" | "worker" | "triggers") => number) => ({
      server: of("server"),
      worker: of("worker"),
      triggers: of("triggers"),
    });
    const sum = (costs: ReturnType<typeof costsOfTree>, of: "cpuMs" | "memoryBytes" | "writtenBytes") =>
      costs.reduce((total, cost) => total + cost[of], 0);

    const gone = names.slice(0, lost);
    for (const name of gone) writeFileSync(join(lostDirectory, name), "");
    const said = homes.says("lost ");
    homes.child.stdin?.write(`lose ${lost}\n`);
    const lostAt = Number((await said).split(" ")[1]);
    const decisions = await decisionsAfter(client, gone, lostAt, signal);
    const sorted = decisions.toSorted((a, b) => a - b);
    return {
      services,
      readyMs,
      cpuPercent: each((which) => ((sum(after[which], "cpuMs") - sum(before[which], "cpuMs")) / elapsedMs) * 100),
      memoryMb: each((which) => sum(after[which], "memoryBytes") / MB),
      writtenMbADay: Math.round(
        ((sum(after.server, "writtenBytes") - sum(before.server, "writtenBytes")) / MB / elapsedMs) * DAY_MS,
      ),
      eventsADayAService: Math.round((events / sample.length / elapsedMs) * DAY_MS),
      lost,
      medianDecisionMs: sorted[Math.floor(sorted.length / 2)],
      slowestDecisionMs: sorted.length === lost ? sorted.at(-1) : undefined,
    };
  } catch (error) {
    if (!signal.aborted) console.error(error);
    throw error;
  } finally {
    for (const clean of cleaning.toReversed()) await Promise.resolve(clean()).catch(() => undefined);
  }
}

/** A program of this folder; `says` waits for the next line that begins so. What it says on standard error is ours to read. */
function program(file: string, args: readonly string[], configFile: string) {
  const path = fileURLToPath(new URL(`./${file}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, UNDERSTUDY_CONFIG: configFile },
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", () => undefined);
  return {
    child,
    says: (beginning: string) =>
      new Promise<string>((resolve, reject) => {
        const heed = (line: string) => {
          if (!line.startsWith(beginning)) return;
          lines.off("line", heed);
          resolve(line);
        };
        lines.on("line", heed);
        child.once("exit", () => reject(new Error(`${file} ended.`)));
      }),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killing = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(killing);
}
