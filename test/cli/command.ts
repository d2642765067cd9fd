import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

/** The program that setup found or built, or the one on PATH. */
function temporalProgram(): string | undefined {
  const cached = fileURLToPath(new URL("../../.cache/temporal/temporal", import.meta.url));
  return process.env["UNDERSTUDY_TEMPORAL"] ?? (existsSync(cached) ? cached : undefined);
}

export const LAUNCHER = fileURLToPath(new URL("../../bin/understudy.mjs", import.meta.url));
const STUB_WORKER = fileURLToPath(new URL("stub-worker.ts", import.meta.url));

/** A directory with an understudy.yaml for two nodes nobody reaches, and free ports for a Temporal server. */
export interface Home {
  readonly directory: string;
  readonly configFile: string;
  readonly address: string;
  readonly uiPort: number;
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

export async function createHome(temporal: Record<string, unknown> = {}): Promise<Home> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-cli-"));
  const [port, uiPort] = await freePorts();
  const configFile = join(directory, "understudy.yaml");
  const dataDirectory = join(directory, "data");
  const ownServer = temporal["address"] ? {} : { port, uiPort, dataDirectory };
  await writeFile(
    configFile,
    [
      "services:",
      "  zigbee:",
      "    nodes:",
      "      - { name: node1, host: 127.0.0.2, user: pi }",
      "      - { name: node2, host: 127.0.0.3, user: pi }",
      `temporal: ${JSON.stringify({ ...ownServer, ...temporal })}`,
      "",
    ].join("\n"),
  );
  return {
    directory,
    configFile,
    address: `127.0.0.1:${port}`,
    uiPort,
    env: {
      PATH: process.env["PATH"],
      HOME: directory,
      UNDERSTUDY_CONFIG: configFile,
      UNDERSTUDY_WORKER: STUB_WORKER,
      ...(temporal["address"] ? { UNDERSTUDY_DATA: dataDirectory } : {}),
      UNDERSTUDY_TEMPORAL: temporalProgram(),
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  #stdout = "";
  #stderr = "";

  constructor(home: Home, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = home.directory) {
    this.child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd,
      env: { ...home.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until its output holds the text. Rejects with what it wrote when it ends before, or after `timeoutMs`. */
  async says(text: string | RegExp, timeoutMs = 60_000): Promise<void> {
    const found = () =>
      typeof text === "string" ? (this.#stdout + this.#stderr).includes(text) : text.test(this.#stdout + this.#stderr);
    for (const until = Date.now() + timeoutMs; !found(); await delay(20)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > until) {
        throw new Error(`It never said ${String(text)} but:\n${this.#stdout}\n${this.#stderr}`);
      }
    }
  }

  async stop(): Promise<Ran> {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}

export async function run(home: Home, ...args: string[]): Promise<Ran> {
  return new Command(home, args).ended;
}

export interface StartFile {
  readonly start: { readonly pid: number };
  readonly children: { readonly server: { readonly pid: number }; readonly worker: { readonly pid: number } };
}

/** What the running `understudy start` has written down. */
export async function startFile(home: Home): Promise<StartFile> {
  return JSON.parse(await readFile(join(home.directory, "data", "start.json"), "utf8")) as StartFile;
}

/** The processes of a group. */
export async function groupMembers(leader: number): Promise<readonly number[]> {
  const members: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(group) === leader && state !== "Z") members.push(Number(name));
  }
  return members;
}

/** Waits for a fact. */
export async function until(
  fact: () => Promise<boolean> | boolean,
  what: string | (() => string),
  timeoutMs = 30_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await fact()); await delay(50)) {
    if (Date.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${typeof what === "string" ? what : what()}`);
  }
}

async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}
