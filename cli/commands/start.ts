import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { loadConfig } from "../../config/load.ts";
import type { UserConfig } from "../../config/user-config.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { dataDirectory, requireConfigFile, temporalTarget } from "../home.ts";
import { findTemporal } from "../start/executable.ts";
import { addSearchAttributes, ensureServices, keepThirtyDays } from "../start/namespace.ts";
import { takeStartLock } from "../start/record.ts";
import { clearRemains } from "../start/remains.ts";
import { addressOf, requireFreePorts, startServer, uiOf, waitUntilHealthy } from "../start/server.ts";
import type { OwnServer } from "../start/server.ts";
import { awaitStopRequest } from "../start/stop-request.ts";
import { Team } from "../start/team.ts";
import { findWorker, latestPoll, startWorker, waitUntilPolling } from "../start/worker.ts";
import { connect } from "../temporal/connect.ts";
import type { TemporalTarget } from "../temporal/target.ts";

const WORKER_GRACE_MS = 10_000;
/** Temporal's server takes about 3 s to close its file. */
const SERVER_GRACE_MS = 10_000;
const CLUSTER_WITHIN_MS = 60_000;

interface Plan {
  readonly home: UserConfig;
  readonly directory: string;
  readonly target: TemporalTarget;
  /** Undefined where a server is configured. */
  readonly server?: OwnServer;
  readonly worker: string;
}

/**
 * Runs Temporal's own server (unless an address is configured) and the worker, and starts both again when they end. Resolves
 * after a signal, when everything has ended; rejects where something does not start at all.
 */
export async function start(context: Context): Promise<ExitCode> {
  const plan = await makePlan(context);
  const lock = await takeStartLock(plan.directory, {
    address: plan.target.address,
    ui: plan.server && uiOf(plan.server),
  });
  const team = new Team(lock);
  const stop = awaitStopRequest(() => team.kill());
  const say = (sentence: string) => context.output.note(sentence);
  let client: Client | undefined;
  const bringUp = async () => {
    for (const warning of plan.home.warnings) say(`Warning: ${warning}`);
    await clearRemains(lock.remains, say);
    if (plan.server) {
      await requireFreePorts(plan.server);
      await addServer(team, plan.server, say);
    }
    client = await connectPatiently(plan.target, plan.server ? 0 : CLUSTER_WITHIN_MS, say);
    await prepare(client, plan, say);
    await addWorker(team, client, plan, say);
    announce(context, plan);
  };
  try {
    await Promise.race([bringUp().then(() => stop.requested), stop.requested]);
    say("Ending. A handover that is under way goes on at the next start.");
    return EXIT.done;
  } finally {
    await team.end();
    await client?.connection.close();
    await lock.release();
    stop.dispose();
  }
}

async function makePlan(context: Context): Promise<Plan> {
  const home = await loadConfig(requireConfigFile(context));
  const directory = dataDirectory(home);
  const target = await temporalTarget(context, home);
  const worker = findWorker();
  if (!target.own) return { home, directory, target, worker };
  const { port, uiPort, executable } = home.temporal.ownServer;
  const server = { executable: await findTemporal(executable), directory, port, uiPort, namespace: target.namespace };
  return { home, directory, target: { ...target, address: addressOf(server) }, server, worker };
}

async function addServer(team: Team, server: OwnServer, say: (sentence: string) => void): Promise<void> {
  await team.add({
    key: "server",
    name: "Temporal's server",
    graceMs: SERVER_GRACE_MS,
    start: () => startServer(server),
    ready: (child) => waitUntilHealthy(server, child),
    say,
  });
}

async function addWorker(
  team: Team,
  client: Client,
  { home, target, worker }: Plan,
  say: (sentence: string) => void,
): Promise<void> {
  let before = 0;
  await team.add({
    key: "worker",
    name: "The worker",
    graceMs: WORKER_GRACE_MS,
    start: async () => {
      before = await latestPoll(client, target.taskQueue).catch(() => 0);
      return startWorker({ program: worker, configFile: home.file, target });
    },
    ready: (child) => waitUntilPolling(client, target.taskQueue, child, before),
    say,
  });
}

/** A cluster may come up later than we do, after a power cut for example. */
async function connectPatiently(
  target: TemporalTarget,
  patienceMs: number,
  say: (sentence: string) => void,
): Promise<Client> {
  const until = Date.now() + patienceMs;
  for (let tries = 0; ; tries++) {
    try {
      return await connect(target);
    } catch (error) {
      if (Date.now() > until) throw error;
      if (tries === 0) say(`Temporal does not answer at ${target.address} yet; trying again for a minute.`);
      await delay(1_000);
    }
  }
}

async function prepare(client: Client, { home, target, server }: Plan, say: (sentence: string) => void): Promise<void> {
  if (server) await keepThirtyDays(client);
  await addSearchAttributes(client).catch(() => {
    say(
      "Warning: Temporal does not let us add search attributes; see docs/command-line.md for how to add them yourself.",
    );
  });
  const services = home.services.map((service) => service.name);
  await ensureServices(client, services, target.taskQueue);
}

function announce(context: Context, { home, target, server }: Plan): void {
  const services = home.services.map((service) => service.name);
  const ui = server ? uiOf(server) : undefined;
  const { output } = context;
  const facts = { ready: true, pid: process.pid, address: target.address, namespace: target.namespace, ui, services };
  output.result(
    facts,
    () =>
      `Ready: ${services.join(", ")}. Temporal at ${target.address}${ui ? `, its UI at ${ui}` : ` (${target.namedBy})`}. End with Ctrl-C.`,
  );
}
