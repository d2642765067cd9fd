import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime } from "@temporalio/worker";
import { SEARCH_ATTRIBUTES } from "../../workflows/contract.ts";

Runtime.install({ logger: new DefaultLogger("ERROR") });

export interface TestTemporal {
  readonly address: string;
  readonly client: Client;
  readonly native: NativeConnection;
  readonly directory: string;
  /** Kills the server, and starts it again after this time with what it had written. */
  away(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** The `temporal` program that setup found or built. */
export function temporalProgram(): string {
  const cached = join(import.meta.dirname, "../../.cache/temporal/temporal");
  return process.env["UNDERSTUDY_TEMPORAL"] ?? (existsSync(cached) ? cached : "temporal");
}

/** A real Temporal server of its own, on loopback, with a SQLite file that goes with it. `more` are dynamic settings, `name=value`. */
export async function startTemporal(more: readonly string[] = []): Promise<TestTemporal> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-temporal-"));
  const port = await freePort();
  const knobs = [
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    'history.timerProcessorMaxTimeShift="20ms"',
    ...more,
  ];
  const start = () =>
    spawn(
      temporalProgram(),
      [
        "server",
        "start-dev",
        "--headless",
        "--ip=127.0.0.1",
        `--port=${port}`,
        "--log-level=error",
        `--db-filename=${join(directory, "temporal.db")}`,
        ...SEARCH_ATTRIBUTES.flatMap((name) => ["--search-attribute", `${name}=Keyword`]),
        ...knobs.flatMap((knob) => ["--dynamic-config-value", knob]),
      ],
      { stdio: "ignore" },
    );
  const end = async (signal: NodeJS.Signals) => {
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  let server = start();
  const address = `127.0.0.1:${port}`;
  const connection = await connect(address);
  const native = await NativeConnection.connect({ address });
  return {
    address,
    client: new Client({ connection }),
    native,
    directory,
    async away(ms) {
      await end("SIGKILL");
      await pause(ms);
      server = start();
      await (await connect(address)).close();
    },
    async stop() {
      await native.close();
      await connection.close();
      await end("SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function connect(address: string): Promise<Connection> {
  const until = Date.now() + 120_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 5_000 });
      await connection.workflowService.describeNamespace({ namespace: "default" });
      return connection;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || !address) throw new Error("no port");
  return address.port;
}
