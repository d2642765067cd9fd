import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { raiseCounters } from "../../../coordinators/frame-counters.ts";
import { restorableBackup, tablesHash } from "../../../coordinators/open-backup.ts";
import { RadioDevice } from "../../../lab/air/radio-device.ts";
import { createLight } from "../../../lab/devices/index.ts";
import { MqttObserver } from "../../../lab/home/mqtt-observer.ts";
import { startBroker, type Broker } from "../../../lab/hosts/broker.ts";
import { startZigbee2Mqtt, stopZigbee2Mqtt, writeConfiguration } from "../../lab/coordinator/zigbee2mqtt-process.ts";
import { Sticks } from "./support/sticks.ts";

/** One home whose network goes from stick to stick: each test goes on where the one before ended. */
const LIGHT = "0x00158d0000000001";
const light = createLight();
let sticks: Sticks;
let data: string;
let broker: Broker;
let mqtt: MqttObserver;
let zigbee2mqtt: ChildProcess | undefined;
let device: RadioDevice;
let first: Awaited<ReturnType<Sticks["plugIn"]>>;
let second: typeof first;

beforeAll(async () => {
  sticks = await Sticks.start();
  data = join(sticks.directory.path, "data");
  broker = await startBroker({ directory: sticks.directory.path, kind: "embedded" });
  mqtt = await MqttObserver.connect(broker.url);
  first = await sticks.plugIn("a", "00124b00000000a1");
  second = await sticks.plugIn("b", "00124b00000000b2");
});

afterAll(async () => {
  await stop();
  device.powerOff();
  await mqtt.close();
  await broker.stop();
  await sticks.stop();
});

async function start(port: string): Promise<void> {
  writeConfiguration(data, port, broker.url);
  zigbee2mqtt = await startZigbee2Mqtt(data, mqtt);
}

async function stop(): Promise<void> {
  if (zigbee2mqtt) await stopZigbee2Mqtt(zigbee2mqtt);
  zigbee2mqtt = undefined;
}

/** How often Zigbee2MQTT has said that it goes on with the network which the stick holds. */
function resumed(): number {
  return fs.readFileSync(join(data, "console.log"), "utf8").split("zigbee-herdsman started (resumed)").length - 1;
}

async function switchLight(state: "ON" | "OFF"): Promise<void> {
  await mqtt.publish(`zigbee2mqtt/${LIGHT}/set`, { state });
  await expect.poll(() => light.state()).toMatchObject({ state });
}

it("real Zigbee2MQTT resumes from the image that we wrote, and its devices obey", async () => {
  await start(first.port);
  await mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: 200 });
  device = new RadioDevice(light, { ieee: LIGHT, air: sticks.air });
  const interviewed = mqtt.waitFor(
    "the interview",
    ({ topic, payload }) => topic === "zigbee2mqtt/bridge/event" && payload.includes('"successful"'),
    30_000,
  );
  await device.join();
  await interviewed;
  await switchLight("ON");
  await expect(first.coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_BUSY" });
  await stop();
  await first.coordinator.silence();
  const image = await first.coordinator.dump();
  await second.coordinator.replace(raiseCounters(image, { network: 50_000, linkKeys: 20_000 }));

  await start(second.port);
  expect(resumed()).toBe(1);
  await switchLight("OFF");
  expect(device.lastReceivedFrom?.dongle).toBe("b");
});

it("real Zigbee2MQTT resumes from its own backup, which we restored to a blank stick", async () => {
  await stop();
  await second.coordinator.silence();
  const backup = fs.readFileSync(join(data, "coordinator_backup.json"), "utf8");
  const third = await sticks.plugIn("c", "00124b00000000c3");
  await third.coordinator.restore(restorableBackup(backup, { network: 100_000, linkKeys: 40_000 }));
  expect(tablesHash(await third.coordinator.backup())).toBe(tablesHash(backup));

  await start(third.port);
  expect(resumed()).toBe(2);
  await switchLight("ON");
  expect(device.lastReceivedFrom?.dongle).toBe("c");
  expect(device.counts).toMatchObject({ joins: 1, rejoins: 0, droppedReplays: 0 });
  expect(sticks.air.doubleActiveMs()).toBe(0);
  expect(sticks.air.counterViolations).toEqual([]);
});
