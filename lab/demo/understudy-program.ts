import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/understudy.mjs", import.meta.url));
/** `understudy start` ends its server and worker cleanly; that takes a few seconds. */
const STOP_WITHIN_MS = 20_000;

/** The `understudy` command, run as a user would, with a configuration file. */
export class UnderstudyProgram {
  readonly #configFile: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #started: ChildProcess | undefined;

  /** `logFile` gets what `understudy start` says. */
  constructor(configFile: string, environment: NodeJS.ProcessEnv, logFile: string) {
    this.#configFile = configFile;
    this.#environment = { ...process.env, ...environment };
    this.#logFile = logFile;
  }

  /** Runs a verb to its end. Lines of either output go to `onLine` as they come; `stdout` is returned whole. */
  async run(
    args: readonly string[],
    options: { onLine?: (line: string) => void; signal?: AbortSignal } = {},
  ): Promise<{ code: number; stdout: string }> {
    const child = this.#spawn(args, ["ignore", "pipe", "pipe"]);
    const abort = (): boolean => child.kill("SIGTERM");
    options.signal?.addEventListener("abort", abort);
    let stdout = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    if (options.onLine) {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream) createInterface({ input: stream }).on("line", options.onLine);
      }
    } else {
      child.stderr?.resume();
    }
    const [code] = (await once(child, "close")) as [number | null];
    options.signal?.removeEventListener("abort", abort);
    return { code: code ?? 1, stdout };
  }

  /** Starts `understudy start` and waits until `understudy status` finds the service. Rejects with the end of its log when it ends before. */
  async start(withinMs: number, signal: AbortSignal): Promise<void> {
    const log = fs.openSync(this.#logFile, "a");
    this.#started = this.#spawn(["start"], ["ignore", log, log]);
    fs.closeSync(log);
    const until = Date.now() + withinMs;
    for (;;) {
      signal.throwIfAborted();
      const { code } = await this.run(["status", "-o", "json"], { signal });
      if (code === 0) return;
      if (this.#started.exitCode !== null) throw new Error(`understudy start ended:\n${this.logTail()}`);
      if (Date.now() > until) throw new Error(`understudy is not ready after ${withinMs / 1000} s:\n${this.logTail()}`);
      await delay(300, undefined, { signal });
    }
  }

  /** Ends `understudy start`, as Ctrl-C does. */
  async stop(): Promise<void> {
    const child = this.#started;
    this.#started = undefined;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    const { pid } = child;
    child.kill("SIGINT");
    const killing = setTimeout(() => process.kill(-pid, "SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(killing);
  }

  logTail(): string {
    return fs.readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-20).join("\n");
  }

  // In a process group of its own: a terminal's Ctrl-C must not reach it before we say so.
  #spawn(args: readonly string[], stdio: Parameters<typeof spawn>[2]["stdio"]): ChildProcess {
    return spawn(process.execPath, [PROGRAM, "--config", this.#configFile, ...args], {
      env: this.#environment,
      detached: true,
      stdio,
    });
  }
}
