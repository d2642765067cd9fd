import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Air } from "../../../lab/air/air.ts";
import { RadioDevice } from "../../../lab/air/radio-device.ts";
import { Dongle } from "../../../lab/coordinator/dongle.ts";
import { createLight, createPlug, createSensor, deviceFromJSON } from "../../../lab/devices/index.ts";
import { MqttObserver, type Message } from "../../../lab/home/mqtt-observer.ts";
import { startBroker, type Broker } from "../../../lab/hosts/broker.ts";
import { Zigbee2Mqtt } from "./zigbee2mqtt.ts";

const light = { app: createLight(), ieee: "0x00158d0000000001", model: "HK-ZD-CCT-A", type: "Router" };
const plug = { app: createPlug(), ieee: "0x00158d0000000002", model: "SP 240", type: "Router" };
const sensor = {
  app: createSensor(),
  ieee: "0x00158d0000000003",
  model: "CK-TLSR8656-SS5-02(7014)",
  type: "EndDevice",
};
const household = [light, plug, sensor];

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "understudy-interview-"));
const air = new Air();
const radios = new Map<string, RadioDevice>();
/** What Zigbee2MQTT said when it had interviewed and configured each device. */
const outcomes = new Map<string, { interview: string; configuration: string }>();
/** The newest of its lists of devices. */
let deviceList = "";
let broker: Broker;
let mqtt: MqttObserver;
let dongle: Dongle;
let zigbee2mqtt: Zigbee2Mqtt;

beforeAll(async () => {
  broker = await startBroker({ directory, kind: "embedded" });
  mqtt = await MqttObserver.connect(broker.url);
  mqtt.listen(({ topic, payload }) => {
    if (topic === "zigbee2mqtt/bridge/devices") deviceList = payload;
  });
  dongle = new Dongle({
    name: "stick",
    hardwareIeee: "0x00124b0000000001",
    stateFile: path.join(directory, "stick.json"),
    timing: "off",
    air,
  });
  const { path: serialPort } = await dongle.plug();
  // It says "online" before it listens to requests.
  const started = mqtt.waitFor("Zigbee2MQTT's start", on("bridge/logging", /Zigbee2MQTT started!/), 60_000);
  zigbee2mqtt = new Zigbee2Mqtt({ directory, serialPort, brokerUrl: broker.url });
  await started;
  await mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: 120 });
  for (const { app, ieee } of household) await joinAndConfigure(new RadioDevice(app, { ieee, air }));
});

afterAll(async () => {
  await zigbee2mqtt?.stop();
  for (const radio of radios.values()) radio.powerOff();
  await dongle?.unplug();
  air.close();
  await mqtt?.close();
  await broker?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function joinAndConfigure(radio: RadioDevice): Promise<void> {
  radios.set(radio.name, radio);
  const interviewed = new RegExp(`${radio.name}.*"status":"(successful|failed)"`);
  const configured = new RegExp(`(Successfully configured|Failed to configure) '${radio.name}'`);
  const [interview, configuration] = await Promise.all([
    mqtt.waitFor(`interview of ${radio.name}`, on("bridge/event", interviewed), 40_000),
    mqtt.waitFor(`configuration of ${radio.name}`, on("bridge/logging", configured), 40_000),
    radio.join(),
  ]);
  outcomes.set(radio.name, { interview: interview.payload, configuration: configuration.payload });
}

/** Whether a message came on this topic below `zigbee2mqtt/` with a fitting payload. */
function on(topic: string, payload: RegExp): (message: Message) => boolean {
  return (message) => message.topic === `zigbee2mqtt/${topic}` && payload.test(message.payload);
}

/** Does something, and resolves with what Zigbee2MQTT then publishes of the device: the first that is as expected. */
async function published(ieee: string, expected: RegExp, act: () => unknown): Promise<Record<string, unknown>> {
  const [message] = await Promise.all([mqtt.waitFor(`${ieee} with ${expected}`, on(ieee, expected), 30_000), act()]);
  return JSON.parse(message.payload);
}

function tell(ieee: string, request: "set" | "get", values: object): Promise<void> {
  return mqtt.publish(`zigbee2mqtt/${ieee}/${request}`, values);
}

describe.each(household)("$model, joined through the real Zigbee2MQTT", ({ app, ieee, model, type }) => {
  test("was interviewed and is supported", () => {
    expect(JSON.parse(outcomes.get(ieee)?.interview ?? "{}").data).toMatchObject({
      status: "successful",
      supported: true,
      definition: { model, source: "native" },
    });
  });

  test("was configured", () => {
    expect(outcomes.get(ieee)?.configuration).toContain("Successfully configured");
  });

  test("is listed with what the interview read", () => {
    const devices: Record<string, unknown>[] = JSON.parse(deviceList);
    expect(devices.find((device) => device.ieee_address === ieee)).toMatchObject({
      type,
      supported: true,
      interview_state: "SUCCESSFUL",
      model_id: app.modelId,
      manufacturer: app.manufacturerName,
      power_source: type === "Router" ? "Mains (single phase)" : "Battery",
    });
  });

  test("has a link key of its own and joined once", () => {
    expect(radios.get(ieee)).toMatchObject({ hasLinkKey: true, counts: { joins: 1, rejoins: 0, droppedReplays: 0 } });
  });
});

test("the light obeys, and reports what a hand does", async () => {
  const { app, ieee } = light;
  await published(ieee, /"state":"ON"/, () => tell(ieee, "set", { state: "ON", brightness: 99 }));
  await expect.poll(() => app.state()).toMatchObject({ state: "ON", brightness: 99 });
  await published(ieee, /"color_temp":250/, () => tell(ieee, "set", { color_temp: 250 }));
  await expect.poll(() => app.state()).toMatchObject({ color_temp: 250 });
  await published(ieee, /"state":"OFF"/, () => app.change("genOnOff", "onOff", 0));
  expect(await published(ieee, /"state"/, () => tell(ieee, "get", { state: "" }))).toMatchObject({ state: "OFF" });
});

test("the plug obeys, and reports what its load draws", async () => {
  const { app, ieee } = plug;
  await published(ieee, /"power":46/, () => tell(ieee, "set", { state: "ON" }));
  expect(app.state()).toMatchObject({ state: "ON", power: 46 });
});

test("the sensor reports its measurements by itself, each one different", async () => {
  const { ieee } = sensor;
  const { temperature } = await published(ieee, /"temperature"/, () => undefined);
  const another = new RegExp(`"temperature":(?!${String(temperature)}[,}])`);
  expect(await published(ieee, another, () => undefined)).toMatchObject({ battery: 100 });
});

test("a device that was stored goes on where it was, without joining again", async () => {
  await mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: 0 });
  const { ieee } = light;
  const before = radios.get(ieee);
  before?.powerOff();
  const stored = JSON.parse(JSON.stringify({ application: before?.application, radio: before }));
  const app = deviceFromJSON(stored.application);
  const radio = RadioDevice.fromJSON(app, stored.radio, air);
  radios.set(ieee, radio);
  await published(ieee, /"state":"ON"/, () => tell(ieee, "set", { state: "ON" }));
  await expect.poll(() => app.state()).toMatchObject({ state: "ON", brightness: 99, color_temp: 250 });
  await published(ieee, /"state":"OFF"/, () => app.change("genOnOff", "onOff", 0));
  expect(radio.counts).toMatchObject({ joins: 0, rejoins: 0 });
});

test("nothing of this made Zigbee2MQTT complain", () => {
  expect(zigbee2mqtt.complaints()).toEqual([]);
});
