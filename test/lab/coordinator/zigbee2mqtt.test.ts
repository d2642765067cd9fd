import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RadioDevice } from "../../../lab/air/radio-device.ts";
import type { Dongle } from "../../../lab/coordinator/dongle.ts";
import { createLight, createSensor } from "../../../lab/devices/index.ts";
import { MqttObserver } from "../../../lab/home/mqtt-observer.ts";
import { startBroker, type Broker } from "../../../lab/hosts/broker.ts";
import { Bench } from "./bench.ts";
import { startZigbee2Mqtt, stopZigbee2Mqtt, writeConfiguration } from "./zigbee2mqtt-process.ts";
import { zigpy } from "./zigpy.ts";

/** One home, in the order of its life: each test goes on where the one before ended. */
const bench = new Bench();
const data = path.join(bench.directory, "data");
const light = createLight();
const LIGHT = "0x00158d0000000001";
const SENSOR = "0x00158d0000000002";
const devices: RadioDevice[] = [];
let broker: Broker;
let mqtt: MqttObserver;
let zigbee2mqtt: ChildProcess | undefined;
let a: Dongle;
let b: Dongle;
let spare: Dongle;

beforeAll(async () => {
  broker = await startBroker({ directory: bench.directory, kind: "embedded" });
  mqtt = await MqttObserver.connect(broker.url);
  a = bench.dongle("a", "00124b00000000aa");
  b = bench.dongle("b", "00124b00000000bb");
  spare = bench.dongle("spare", "00124b00000000cc");
});

afterAll(async () => {
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  for (const device of devices) device.powerOff();
  await bench.clear();
  await mqtt.close();
  await broker.stop();
});

async function start(dongle: Dongle): Promise<void> {
  writeConfiguration(data, (await dongle.plug()).path, broker.url);
  zigbee2mqtt = await startZigbee2Mqtt(data, mqtt);
}

async function restart(): Promise<void> {
  if (zigbee2mqtt) expect(await stopZigbee2Mqtt(zigbee2mqtt)).toBe(0);
  zigbee2mqtt = await startZigbee2Mqtt(data, mqtt);
}

/** Switches the light through MQTT and waits until the light itself is switched and has said so. */
async function switchLight(state: "ON" | "OFF"): Promise<void> {
  const said = mqtt.waitFor(
    `the light is ${state}`,
    ({ topic, payload, retained }) => topic === `zigbee2mqtt/${LIGHT}` && !retained && payload.includes(`"${state}"`),
    20_000,
  );
  await mqtt.publish(`zigbee2mqtt/${LIGHT}/set`, { state });
  await said;
  await expect.poll(() => light.state()).toMatchObject({ state });
}

async function join(device: RadioDevice): Promise<void> {
  devices.push(device);
  const interviewed = mqtt.waitFor(
    `interview of ${device.name}`,
    ({ topic, payload }) =>
      topic === "zigbee2mqtt/bridge/event" && payload.includes(device.name) && payload.includes('"successful"'),
    30_000,
  );
  await device.join();
  await interviewed;
}

/** The backup that Zigbee2MQTT keeps; its device list without what is secret. */
function backup(): { counter: number; ieee: string; keyed: string[] } {
  const file = JSON.parse(fs.readFileSync(path.join(data, "coordinator_backup.json"), "utf8"));
  const keyed = file.devices.filter((device: { link_key?: unknown }) => device.link_key);
  return {
    counter: file.network_key.frame_counter,
    ieee: file.coordinator_ieee,
    keyed: keyed.map((device: { ieee_address: string }) => `0x${device.ieee_address}`).sort(),
  };
}

test("it forms the configured network on a blank stick", async () => {
  await start(a);
  expect(a.inspect()).toMatchObject({
    onAir: true,
    configured: true,
    panId: 6754,
    channel: 15,
    extendedPanId: "dd01020304050607",
    nvCounter: 1250,
  });
});

test("devices join through its interview, are given link keys, and obey", async () => {
  await mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: 200 });
  await join(new RadioDevice(light, { ieee: LIGHT, air: bench.air }));
  await join(new RadioDevice(createSensor(), { ieee: SENSOR, air: bench.air }));
  expect(devices.map(({ hasLinkKey, counts: { joins, rejoins } }) => ({ hasLinkKey, joins, rejoins }))).toEqual([
    { hasLinkKey: true, joins: 1, rejoins: 0 },
    { hasLinkKey: true, joins: 1, rejoins: 0 },
  ]);
  await switchLight("ON");
  expect(devices[0]?.lastReceivedFrom?.dongle).toBe("a");
});

test("its live backup holds the network and the devices' keys", async () => {
  const answered = mqtt.waitFor("a backup", ({ topic }) => topic === "zigbee2mqtt/bridge/response/backup", 30_000);
  await mqtt.publish("zigbee2mqtt/bridge/request/backup", {});
  const response = JSON.parse((await answered).payload);
  expect(response.status).toBe("ok");
  expect(response.data.zip.length).toBeGreaterThan(500);
});

test("stopping leaves the radio on the air and a backup behind; a start resumes with a higher counter", async () => {
  const before = a.inspect();
  if (zigbee2mqtt) expect(await stopZigbee2Mqtt(zigbee2mqtt)).toBe(0);
  expect(a.onAir).toBe(true);
  expect(backup()).toEqual({ counter: before.nvCounter, ieee: "00124b00000000aa", keyed: [LIGHT, SENSOR] });
  await restart();
  expect(fs.readFileSync(path.join(data, "console.log"), "utf8")).toContain("zigbee-herdsman started (resumed)");
  // The stack was never stopped, so nothing was raised; a reset in between does that.
  expect(a.inspect()).toMatchObject({ nvCounter: before.nvCounter });
  await switchLight("OFF");
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  a.reset();
  expect(a.onAir).toBe(false);
  await restart();
  expect(a.inspect().nvCounter).toBe((before.nvCounter ?? NaN) + 1250);
  await switchLight("ON");
});

test("the image moves to another stick, which serves the same devices; none joins again", async () => {
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  await a.unplug();
  const image = path.join(bench.directory, "image.json");
  const [{ path: from }, { path: to }] = [await a.plug(), await b.plug()];
  await zigpy("nvram_read", from, "-o", image);
  await zigpy("nvram_reset", to);
  await zigpy("nvram_write", to, "-i", image);
  await b.unplug();
  await start(b);
  expect(b.inspect()).toMatchObject({ onAir: true, ieee: "00124b00000000aa", hardwareIeee: "00124b00000000bb" });
  expect(b.inspect().nvCounter).toBe((a.inspect().nvCounter ?? NaN) + 1250);
  await switchLight("OFF");
  const reported = ({ topic, retained }: { topic: string; retained: boolean }): boolean =>
    topic === `zigbee2mqtt/${SENSOR}` && !retained;
  await mqtt.waitFor("the sensor reports", reported, 60_000);
  expect(devices.map(({ counts }) => counts)).toMatchObject([
    { joins: 1, rejoins: 0, droppedReplays: 0 },
    { joins: 1, rejoins: 0, droppedReplays: 0 },
  ]);
  expect(devices[0]?.lastReceivedFrom?.dongle).toBe("b");
  expect(bench.air.doubleActiveMs()).toBe(0);
  expect(bench.air.counterViolations).toEqual([]);
});

test("going back to a stick with an old counter is heard by no device, and the air knows why", async () => {
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  await b.unplug();
  // Both went on from the same image, so a starts where b did before, and b has sent since.
  await a.unplug();
  await start(a);
  await mqtt.publish(`zigbee2mqtt/${LIGHT}/set`, { state: "ON" });
  await expect.poll(() => devices[0]?.counts.droppedReplays, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(light.state()).toMatchObject({ state: "OFF" });
  expect(bench.air.counterViolations).toContainEqual(
    expect.objectContaining({ layer: "network", station: "a", highestStation: "b" }),
  );
});

test("it restores its own backup to a blank stick, with counters that are high enough", async () => {
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  await a.unplug();
  const highest = a.inspect().nvCounter ?? NaN;
  const violations = bench.air.counterViolations.length;
  await start(spare);
  expect(spare.inspect()).toMatchObject({ ieee: "00124b00000000aa", panId: 6754, extendedPanId: "dd01020304050607" });
  expect(spare.inspect().nvCounter).toBe(highest + 2500 + 1250);
  await switchLight("ON");
  expect(bench.air.counterViolations).toHaveLength(violations);
});

test("a stick that is pulled ends it with exit code 2", async () => {
  const ended = once(zigbee2mqtt as ChildProcess, "exit");
  await spare.unplug();
  expect((await ended)[0]).toBe(2);
});
