import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client } from "@temporalio/client";
import { usageFailure } from "../failure.ts";
import { listPollers } from "../temporal/pollers.ts";
import type { TemporalTarget } from "../temporal/target.ts";
import { startLeashed } from "./leash.ts";
import type { Leashed } from "./leash.ts";

export interface WorkerProcess {
  readonly program: string;
  readonly configFile: string;
  readonly target: TemporalTarget;
}

/** The worker's program: $UNDERSTUDY_WORKER, or workers/main beside this command. Throws a usage failure where it is missing. */
export function findWorker(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const named = process.env["UNDERSTUDY_WORKER"];
  const program = named ? resolve(named) : fileURLToPath(new URL(`../../workers/main.${extension}`, import.meta.url));
  if (existsSync(program)) return program;
  throw usageFailure(
    `There is no worker program ${program}.`,
    named ? "let $UNDERSTUDY_WORKER name one, or unset it." : "install Understudy anew.",
  );
}

/**
 * Starts the worker. It is told by the environment: UNDERSTUDY_CONFIG is the configuration's absolute path, and Temporal's own
 * variables name the server completely; SIGTERM asks it to finish what it does and end.
 */
export async function startWorker({ program, configFile, target }: WorkerProcess): Promise<Leashed> {
  const env = { ...process.env, ...temporalEnvironment(target), UNDERSTUDY_CONFIG: configFile };
  return startLeashed(process.execPath, [...process.execArgv, program], { env, stdout: 2, stderr: "inherit" });
}

/** Temporal's client takes a missing file for an empty one. */
const NO_FILE = "/nonexistent";

/** What came from flags or understudy.yaml, as Temporal's variables; undefined removes one. */
function temporalEnvironment(target: TemporalTarget): NodeJS.ProcessEnv {
  const where = { TEMPORAL_ADDRESS: target.address, TEMPORAL_NAMESPACE: target.namespace };
  if (target.own) {
    // A profile's TLS and API key are for its own server, not for the one that we run.
    const foreign = Object.keys(process.env).filter((name) => name.startsWith("TEMPORAL_"));
    return { ...Object.fromEntries(foreign.map((name) => [name, undefined])), ...where, TEMPORAL_CONFIG_FILE: NO_FILE };
  }
  const { apiKey, tls } = target.credentials;
  const files = typeof tls === "object" && tls !== null ? tls : undefined;
  return {
    ...where,
    ...(typeof apiKey === "string" ? { TEMPORAL_API_KEY: apiKey } : {}),
    ...(tls === undefined ? {} : { TEMPORAL_TLS: String(Boolean(tls)) }),
    ...defined("TEMPORAL_TLS_SERVER_NAME", files?.serverNameOverride),
    ...defined("TEMPORAL_TLS_SERVER_CA_CERT_DATA", files?.serverRootCACertificate),
    ...defined("TEMPORAL_TLS_CLIENT_CERT_DATA", files?.clientCertPair?.crt),
    ...defined("TEMPORAL_TLS_CLIENT_KEY_DATA", files?.clientCertPair?.key),
  };
}

function defined(name: string, value: string | Uint8Array | null | undefined): NodeJS.ProcessEnv {
  return value ? { [name]: Buffer.from(value).toString("utf8") } : {};
}

/** Resolves when a worker that was not there before asks Temporal for work, or when the child has ended. */
export async function waitUntilPolling(
  client: Client,
  taskQueue: string,
  child: Leashed,
  before: number,
): Promise<void> {
  const end = { came: false };
  void child.ended.then(() => (end.came = true));
  while (!end.came) {
    const latest = await latestPoll(client, taskQueue).catch(() => 0);
    if (latest > before) return;
    await delay(200);
  }
  throw new Error("it ended before it asked for work");
}

/** When a worker last asked for work, by the server's clock; 0 where none ever did. */
export async function latestPoll(client: Client, taskQueue: string): Promise<number> {
  const pollers = await listPollers(client, taskQueue);
  return Math.max(0, ...pollers.map((poller) => poller.lastSeen));
}
