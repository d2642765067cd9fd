import { setTimeout as pause } from "node:timers/promises";
import { now } from "../../lab/air/clock.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { measure } from "./measure.ts";
import { outageOfMove, outageSince } from "./outage.ts";
import { prototypeSwitchover, prototypeSync } from "./prototype.ts";
import type { Measurement, Step } from "./result.ts";
import type { BenchNode, Site } from "./site.ts";
import type { Understudy } from "./understudy.ts";

// What the planned parts measure, each once. The home is served again when they resolve.

/** A stick boots for a second. */
const BOOTED_AFTER_MS = 1_500;

/** (a) Zigbee2MQTT restarted in place as a user does it: by the node's service manager. */
export async function restartInPlace(site: Site): Promise<Measurement> {
  const { host } = site.active().home;
  const { stop, start } = host.zigbee2mqtt.commands;
  return await measure({
    part: "a",
    site,
    async act() {
      const orderedAt = now();
      const steps = [
        await timed("stop", "old", () => host.run(stop)),
        await timed("start", "old", () => host.run(start)),
      ];
      return { orderedAt, steps };
    },
    outage: outageSince,
  });
}

/** The same as Zigbee2MQTT does it itself when it is asked by MQTT: its process stays. */
export async function restartByMqtt(site: Site): Promise<Measurement> {
  return await measure({
    part: "bridgeRestart",
    site,
    async act() {
      const orderedAt = now();
      await site.home.mqtt.publish("zigbee2mqtt/bridge/request/restart", "");
      return { orderedAt };
    },
    outage: outageSince,
  });
}

/** What a Zigbee2MQTT that is to be loaded, on a stick that is off the air, needs from the order to start it until a light obeys. */
export async function coldStart(site: Site): Promise<Measurement> {
  const { host, dongle } = site.active().home;
  const { stop, start } = host.zigbee2mqtt.commands;
  return await measure({
    part: "cold",
    site,
    async act() {
      await host.run(stop);
      dongle.reset();
      await pause(BOOTED_AFTER_MS);
      const step = await timed("start", "old", () => host.run(start));
      return { orderedAt: step.startedAt, steps: [step] };
    },
    outage: outageSince,
    from: (_outage, orderedAt) => orderedAt,
  });
}

/** (b) The prototype's procedure, after its regular copy of the files. */
export async function prototype(site: Site): Promise<Measurement> {
  const [from, to] = [site.active(), site.standby()];
  await prototypeSync(from, to);
  const measurement = await measure({
    part: "b",
    site,
    async act() {
      const orderedAt = now();
      return { orderedAt, steps: await prototypeSwitchover(from, to) };
    },
    outage: moved(from, to),
  });
  // The prototype reboots the old node now, whose stick has been on the air all the time.
  await from.home.cyclePort();
  return measurement;
}

/** (c), (d) Our switchover, after a sync. */
export async function switchover(part: "c" | "d", site: Site, understudy: Understudy): Promise<Measurement> {
  const [from, to] = [site.active(), site.standby()];
  await understudy.order("sync", "--enrol-blank-stick");
  const reports: HandoverReport[] = [];
  const measurement = await measure({
    part,
    site,
    async act() {
      const orderedAt = now();
      const said = await understudy.order("switchover", "--yes", "--enrol-blank-stick", "--reason", "bench");
      const report = JSON.parse(said) as HandoverReport;
      if (report.outcome !== "done") throw new Error(`The switchover was not done: ${report.message}`);
      reports.push(report);
      return { orderedAt };
    },
    outage: moved(from, to),
  });
  await site.home.everyDeviceAnswersThrough(to.name, { withinMs: 60_000 });
  const [report] = reports;
  return { ...measurement, steps: report ? await understudy.steps(report.runId, to.name) : [] };
}

function moved(from: BenchNode, to: BenchNode) {
  const [old, new_] = [from.home.dongle.name, to.home.dongle.name];
  return (received: Parameters<typeof outageOfMove>[0], since: number) =>
    outageOfMove(received, { since, from: old, to: new_ });
}

async function timed(name: string, node: Step["node"], act: () => Promise<void>): Promise<Step> {
  const startedAt = now();
  await act();
  return { name, node, startedAt, ms: Math.round(now() - startedAt) };
}
