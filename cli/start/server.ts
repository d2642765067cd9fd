import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "@temporalio/client";
import { SEARCH_ATTRIBUTES } from "../../workflows/contract.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { startLeashed } from "./leash.ts";
import type { Leashed } from "./leash.ts";

/** Temporal's own small server with its SQLite file, on the loopback interface only: it asks nobody for a password. */
export interface OwnServer {
  readonly executable: string;
  readonly directory: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
}

const LOOPBACK = "127.0.0.1";
const HEALTHY_WITHIN_MS = 60_000;
const LARGEST_LOG = 5 * 1024 * 1024;

const DYNAMIC_CONFIG = [
  // Without these a step waits up to 50 ms in each of the server's queues, and every timer and retry can be a second late.
  "history.transferProcessorMaxPollRPS=1000",
  "history.timerProcessorMaxPollRPS=1000",
  'history.timerProcessorMaxTimeShift="20ms"',
  // Every part of every task queue, the server's own included, is otherwise written down once a minute although nothing has
  // changed: 1.7 GB a day. What is written is how far its tasks are worked off; after a crash the server offers some of them once
  // more, and its history knows which are over.
  "matching.numTaskqueueReadPartitions=1",
  "matching.numTaskqueueWritePartitions=1",
  'matching.updateAckInterval="1h"',
];

/**
 * What is committed is on the disk, after a power cut too: `full`, as by default. With a write-ahead log a commit writes each changed
 * page once instead of twice, and waits for the disk once instead of four times. What a list shows of one run lies on 50 pages, one for each
 * of its indexes, so the smaller they are, the less is written; their size is that of the file, for as long as it lives.
 */
const SQLITE_PRAGMAS = [
  // In capitals it comes first: the server sorts them, and it cannot be chosen any more once there is a log.
  "PAGE_SIZE=1024",
  "journal_mode=wal",
  "synchronous=full",
  // In pages: the log grows to 8 MB before what it holds goes into the file, each page once.
  "wal_autocheckpoint=8000",
];

export function addressOf(server: OwnServer): string {
  return `${LOOPBACK}:${server.port}`;
}

export function uiOf(server: OwnServer): string {
  return `http://${LOOPBACK}:${server.uiPort}`;
}

export function logOf(server: OwnServer): string {
  return join(server.directory, "temporal.log");
}

/** Rejects a usage failure where a port is taken. */
export async function requireFreePorts(server: OwnServer): Promise<void> {
  for (const [port, setting] of [
    [server.port, "temporal.port"],
    [server.uiPort, "temporal.uiPort"],
  ] as const) {
    if (!(await listens(port))) continue;
    throw usageFailure(
      `Port ${port} on ${LOOPBACK} is taken by another program.`,
      `end it, choose another ${setting} in understudy.yaml, or, if it is a Temporal server that you want to use, name it with --address or temporal.address.`,
    );
  }
}

export async function startServer(server: OwnServer): Promise<Leashed> {
  mkdirSync(server.directory, { recursive: true, mode: 0o700 });
  const log = openLog(logOf(server));
  try {
    return await startLeashed(server.executable, serverArguments(server), {
      env: withoutTemporal(process.env),
      stdout: log,
      stderr: log,
    });
  } finally {
    closeSync(log);
  }
}

/** Waits until its health service says SERVING. Rejects when it ends before that, or does not get there within a minute. */
export async function waitUntilHealthy(server: OwnServer, child: Leashed): Promise<void> {
  const end = { came: false };
  void child.ended.then(() => (end.came = true));
  const until = Date.now() + HEALTHY_WITHIN_MS;
  while (!end.came && Date.now() < until) {
    if (await isServing(addressOf(server))) return;
    await delay(100);
  }
  throw new CliFailure({
    id: "TEMPORAL_DID_NOT_START",
    exitCode: EXIT.temporalUnreachable,
    what: `Temporal's own server ${end.came ? "ended at once" : "does not serve after a minute"}.`,
    next: `see ${logOf(server)} for its reason.`,
  });
}

async function isServing(address: string): Promise<boolean> {
  // Ask only when somebody listens: a refused gRPC connection is tried again with growing pauses.
  if (!(await listens(Number(address.split(":").at(-1))))) return false;
  const connection = Connection.lazy({ address, connectTimeout: 1_000 });
  try {
    const response = await connection.withDeadline(Date.now() + 1_000, () =>
      connection.healthService.check({ service: HEALTH_SERVICE }),
    );
    const status: number = response.status;
    return status === SERVING;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

const HEALTH_SERVICE = "temporal.api.workflowservice.v1.WorkflowService";
/** `grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING` */
const SERVING = 1;

function serverArguments(server: OwnServer): readonly string[] {
  return [
    "server",
    "start-dev",
    `--ip=${LOOPBACK}`,
    `--port=${server.port}`,
    `--ui-ip=${LOOPBACK}`,
    `--ui-port=${server.uiPort}`,
    `--db-filename=${join(server.directory, "temporal.db")}`,
    "--log-level=warn",
    "--color=never",
    ...(server.namespace === "default" ? [] : [`--namespace=${server.namespace}`]),
    ...SEARCH_ATTRIBUTES.map((name) => `--search-attribute=${name}=Keyword`),
    ...DYNAMIC_CONFIG.map((setting) => `--dynamic-config-value=${setting}`),
    ...SQLITE_PRAGMAS.map((pragma) => `--sqlite-pragma=${pragma}`),
  ];
}

/** The environment of a client (address, profile) means nothing to the server and must not confuse it. */
function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TEMPORAL_")));
}

/** Appends; an old log that grew large is put aside once. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LARGEST_LOG) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host: LOOPBACK, port });
    const answer = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}
