import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import type { BrokerConfig } from "../../config/effective.ts";
import type { World } from "../../activities/support/world.ts";
import type { Report } from "../../model/evidence.ts";
import { REPORT_SIGNAL, serviceStart } from "../../workflows/contract.ts";
import { syncOnChange } from "../sync-on-change.ts";
import { ChangeFollower } from "./change-follower.ts";
import type { Wish } from "./change-follower.ts";
import { Changes } from "./changes.ts";
import { listen } from "./listen.ts";
import { Reporter } from "./reporter.ts";
import { Signs } from "./signs.ts";

const RETRY_MS = { first: 2_000, most: 60_000 };

/**
 * The MQTT trigger of one service: follows it at its broker for ever, tells the workflow `service` what it sees, and starts
 * a sync after devices have changed. Of trouble it gathers evidence and decides nothing, and a sync has a lock, so several
 * triggers may run beside each other. Resolves when the signal aborts.
 */
export async function watchService(world: World, name: string, signal: AbortSignal): Promise<void> {
  const observer = `${hostname()}:${process.pid}`;
  const reporter = new Reporter(
    (observation) => report(world, { service: name, observer, at: new Date().toISOString(), ...observation }),
    signal,
  );
  const signs = new Signs(performance.now());
  const follower = followChanges(world, name);
  let waitMs = RETRY_MS.first;
  while (!signal.aborted) {
    const broker = await findBroker(world, name, signal);
    if (!broker) continue;
    try {
      await listen(broker, signs, { saw: (seen, now) => reporter.saw(seen, now), follower, signal });
      waitMs = RETRY_MS.first;
    } catch (error) {
      // Its certificate may be away for a while, say. Without the trigger nobody would notice that the home is down.
      const what = error instanceof Error ? error.name : typeof error;
      console.error(`${name}: the MQTT trigger cannot listen to the broker (${what}); it is tried again.`);
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, RETRY_MS.most);
    }
  }
}

/** Undefined where understudy.yaml wants no sync after a change. */
function followChanges(world: World, service: string): ChangeFollower | undefined {
  const quietMs = world.remembered(service).automation.sync.afterChangeMs;
  if (quietMs === undefined) return undefined;
  return new ChangeFollower(new Changes(quietMs), (changedAt) => wishForSync(world, service, changedAt, quietMs));
}

async function wishForSync(world: World, service: string, changedAt: Date, quietMs: number): Promise<Wish> {
  const { client, taskQueue } = world;
  const asked = await syncOnChange(client, { service, taskQueue, changedAt, spacingMs: 2 * quietMs });
  if (typeof asked === "object") return asked;
  if (asked === "started")
    console.log(`${new Date().toISOString()} ${service}: devices or groups have changed: a sync was started`);
  return "settled";
}

/** As the nodes have it now, or last had it; asks until one of them can be understood. */
async function findBroker(world: World, name: string, signal: AbortSignal): Promise<BrokerConfig | undefined> {
  for (let waitMs = RETRY_MS.first; !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
    try {
      return (await world.service(name, { run: "watch", fresh: true })).broker;
    } catch {
      const known = world.remembered(name).service;
      if (known) return known.broker;
    }
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

async function report({ client, taskQueue }: { client: Client; taskQueue: string }, seen: Report): Promise<void> {
  console.log(`${seen.at} ${seen.service}: ${seen.sign}: ${seen.detail}`);
  await client.workflow.signalWithStart("service", {
    ...serviceStart(seen.service, taskQueue),
    signal: REPORT_SIGNAL,
    signalArgs: [seen],
  });
}
