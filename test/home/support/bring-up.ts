import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { parse } from "yaml";
import { UnderstudyProgram } from "../../../lab/demo/understudy-program.ts";
import { createHome } from "../../../lab/home/create-home.ts";
import type { HomeOptions } from "../../../lab/home/create-home.ts";
import type { Home } from "../../../lab/home/home.ts";
import type { HandoverReport, ServiceState } from "../../../workflows/contract.ts";

/** A home with Understudy running in it, as its owner would have it. */
export interface RunningHome {
  readonly home: Home;
  readonly understudy: UnderstudyProgram;
  readonly temporal: Client;
  /** Runs `understudy switchover` to its end. */
  switchover(...args: string[]): Promise<{ code: number; report: HandoverReport }>;
  serviceState(): Promise<ServiceState>;
  /** The report of the handover that runs or ran last. */
  progress(): Promise<HandoverReport | undefined>;
  /** Waits until a step of the running handover has begun. */
  stepBegan(name: string, node?: string): Promise<void>;
  /** Kills `understudy start`'s worker or server, as the kernel would. It is started again by itself. */
  kill(child: "worker" | "server"): void;
  stop(): Promise<void>;
}

/** A new home with Understudy. `prepare` may change its files before Understudy reads them. */
export async function bringUp(
  options: Partial<HomeOptions> = {},
  prepare: (home: Home) => void = () => undefined,
): Promise<RunningHome> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-test-"));
  const home = await createHome({ ...options, directory: join(directory, "home") });
  prepare(home);
  return await startUnderstudy(home, directory);
}

/**
 * Starts Understudy for a home that is there already. `stop` ends both, and removes `directory`, which holds Understudy's
 * log. `environment` is for Understudy alone. Rejects with all of that done when Understudy does not come up.
 */
export async function startUnderstudy(
  home: Home,
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningHome> {
  const understudy = new UnderstudyProgram(
    home.configFile,
    { ...home.environment, ...environment },
    join(directory, "understudy.log"),
  );
  const end: (() => Promise<unknown>)[] = [
    () => rm(directory, { recursive: true, force: true }),
    () => home.stop(),
    () => understudy.stop(),
  ];
  const stop = async () => {
    for (let act = end.pop(); act; act = end.pop()) await act();
  };
  try {
    await understudy.start(150_000, new AbortController().signal);
    const settings = parse(readFileSync(home.configFile, "utf8")) as {
      temporal: { port: number; dataDirectory: string };
    };
    const connection = await Connection.connect({ address: `127.0.0.1:${settings.temporal.port}` });
    end.push(() => connection.close());
    const temporal = new Client({ connection });
    const handover = () => temporal.workflow.getHandle("handover:zigbee");
    const progress = () =>
      handover()
        .query<HandoverReport>("progress")
        .catch(() => undefined);
    return {
      home,
      understudy,
      temporal,
      progress,
      stop,
      serviceState: () => temporal.workflow.getHandle("service:zigbee").query<ServiceState>("state"),
      async switchover(...args) {
        const { code, stdout } = await understudy.run(["switchover", "--yes", "-o", "json", ...args]);
        return { code, report: JSON.parse(stdout) as HandoverReport };
      },
      stepBegan: (name, node) =>
        until(async () => {
          const report = await progress();
          // A short step may be over by the time that the answer comes.
          if (!report || report.outcome) return false;
          return report.steps.some((step) => step.name === name && (node === undefined || step.node === node));
        }, `${name} began`),
      kill(child) {
        const record = JSON.parse(readFileSync(join(settings.temporal.dataDirectory, "start.json"), "utf8")) as {
          children: Record<"worker" | "server", { pid: number }>;
        };
        process.kill(-record.children[child].pid, "SIGKILL");
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Looks until it is so. Rejects after `withinMs`. */
export async function until(look: () => Promise<boolean> | boolean, what: string, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`It did not come to this within ${withinMs / 1000} s: ${what}`);
    await pause(20);
  }
}
