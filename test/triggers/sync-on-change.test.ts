import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { World } from "../../activities/support/world.ts";
import { startBroker } from "../../lab/hosts/broker.ts";
import type { Broker } from "../../lab/hosts/broker.ts";
import { watchService } from "../../triggers/mqtt/watch-service.ts";
import { putSchedules, wantedSchedules } from "../../triggers/schedules.ts";
import { judgeWish, syncOnChange } from "../../triggers/sync-on-change.ts";
import { syncId } from "../../workflows/contract.ts";
import { beginPlay, eventually, makeGround } from "../workflows/harness.ts";
import type { Ground, Play } from "../workflows/harness.ts";

test.each([
  ["no sync was ever made", undefined, "start"],
  ["the latest one is of before the change", { startedAt: 10_000, running: false }, "start"],
  ["the latest one began after the change", { startedAt: 95_000, running: false }, "covered"],
  ["one that began after the change still runs", { startedAt: 95_000, running: true }, "covered"],
  ["one that began before the change still runs", { startedAt: 10_000, running: true }, { againMs: 5_000 }],
  ["the latest one began a moment before the change", { startedAt: 80_000, running: false }, { againMs: 40_000 }],
] as const)("a change at 90 s, asked for at 100 s: %s", (_case, latest, expected) => {
  expect(judgeWish(latest, 90_000, 100_000, 60_000)).toEqual(expected);
});

const QUIET_MS = 500;
let ground: Ground;
let broker: Broker;
let directory: string;
let play: Play;
let zigbee2mqtt: MqttClient;
let ending: AbortController;
let watching: Promise<void>[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-test-"));
  [ground, broker] = await Promise.all([makeGround(), startBroker({ directory })]);
});
afterAll(async () => {
  await Promise.all([ground?.temporal.stop(), broker?.stop()]);
  await rm(directory, { recursive: true, force: true });
});

/** Two triggers of one service that have heard Zigbee2MQTT's retained lists. */
beforeEach(async () => {
  play = await beginPlay(ground);
  await play.startService();
  const sync = { everyMs: 24 * 3_600_000, afterChangeMs: QUIET_MS, preload: true };
  const services = [{ name: play.service, nodes: [], automation: { sync } }] as never;
  await putSchedules(play.client, wantedSchedules({ services }, play.taskQueue, new Date()), play.taskQueue);
  zigbee2mqtt = await mqtt.connectAsync(broker.url);
  await publish("bridge/devices", [{ ieee_address: "0x01" }], true);
  const world = {
    client: play.client,
    taskQueue: play.taskQueue,
    remembered: () => ({ automation: { sync } }),
    service: () => Promise.resolve({ broker: { url: broker.url, baseTopic: play.service, rejectUnauthorized: true } }),
  } as unknown as World;
  ending = new AbortController();
  watching = [watchService(world, play.service, ending.signal), watchService(world, play.service, ending.signal)];
  await listening(2);
});
afterEach(async () => {
  ending.abort();
  await Promise.all(watching);
  await zigbee2mqtt.endAsync(true);
  await putSchedules(play.client, [], play.taskQueue);
  await play.end();
});

test("a device that joins brings a sync soon, with two triggers as with one", async () => {
  await publish("bridge/devices", [{ ieee_address: "0x01" }, { ieee_address: "0x02" }], true);
  await publish("bridge/event", { type: "device_joined", data: { ieee_address: "0x02" } });
  const run = play.client.workflow.getHandle(syncId(play.service));
  const history = await eventually(() => run.fetchHistory().catch(() => undefined));
  const [input] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect(JSON.parse(Buffer.from(input?.data ?? []).toString())).toEqual({ service: play.service, by: "change" });
  expect(await run.result()).toMatchObject({ outcome: "updated", standbys: [{ node: "b", ok: true }] });
});

test("one change starts one sync, whoever asks and how often; the next change waits its time", async () => {
  const changedAt = new Date();
  const asked = await Promise.all([wish(changedAt), wish(changedAt), wish(changedAt)]);
  expect(asked.toSorted()).toEqual(["covered", "covered", "started"]);
  await play.client.workflow.getHandle(syncId(play.service)).result();
  expect(await wish(changedAt)).toBe("covered");
  expect(await wish(new Date())).toEqual({ againMs: expect.any(Number) });
});

test("where a person paused the schedule in Temporal, or it was taken away, none is started", async () => {
  const schedule = play.client.schedule.getHandle(syncId(play.service));
  await schedule.pause("while the attic is rebuilt");
  expect(await wish(new Date())).toBe("held");
  await schedule.delete();
  expect(await wish(new Date())).toBe("held");
});

function wish(changedAt: Date) {
  const { client, service, taskQueue } = play;
  return syncOnChange(client, { service, taskQueue, changedAt, spacingMs: 60_000 });
}

async function publish(topic: string, payload: unknown, retain = false): Promise<void> {
  await zigbee2mqtt.publishAsync(`${play.service}/${topic}`, JSON.stringify(payload), { qos: 1, retain });
}

/** Both ask at once whether Zigbee2MQTT lives: then they have subscribed. */
async function listening(count: number): Promise<void> {
  const heard = new Set<string>();
  zigbee2mqtt.on("message", (_topic, payload) => heard.add(payload.toString()));
  await zigbee2mqtt.subscribeAsync(`${play.service}/bridge/request/health_check`);
  await expect.poll(() => heard.size, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
  await zigbee2mqtt.unsubscribeAsync(`${play.service}/bridge/request/health_check`);
}
