import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BrokerConfig } from "../../config/effective.ts";
import { Bridge } from "../../zigbee2mqtt/bridge.ts";
import { parseBridgeInfo, parseDevices } from "../../zigbee2mqtt/payloads.ts";

let aedes: Aedes;
let server: Server;
let broker: BrokerConfig;
let bridge: Bridge;
let zigbee2mqtt: MqttClient;

beforeEach(async () => {
  aedes = await Aedes.createBroker({
    authenticate: (_client, _user, password, done) => done(null, password?.toString() !== "wrong"),
  });
  server = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  broker = {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    baseTopic: "home/zigbee",
    rejectUnauthorized: true,
  };
  zigbee2mqtt = await mqtt.connectAsync(broker.url);
  bridge = await Bridge.connect(broker, { timeoutMs: 5_000 });
});
afterEach(async () => {
  await bridge.close();
  await zigbee2mqtt.endAsync(true);
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  server.close();
});

/** Answers what Zigbee2MQTT would answer, as the test says. */
async function respond(topic: string, answer: (payload: string) => void) {
  await zigbee2mqtt.subscribeAsync(`home/zigbee/${topic}`);
  zigbee2mqtt.on("message", (heard, payload) => {
    if (heard === `home/zigbee/${topic}`) answer(payload.toString());
  });
}

const say = (topic: string, payload: unknown, retain = false) =>
  zigbee2mqtt.publishAsync(`home/zigbee/${topic}`, JSON.stringify(payload), { retain });

test("a retained answer of an earlier run is no answer", async () => {
  await say("bridge/response/health_check", { status: "ok", transaction: "old" }, true);
  expect(await bridge.answers(600)).toBe(false);
});

test("an answer to our own question is one", async () => {
  await respond(
    "bridge/request/health_check",
    (payload) => void say("bridge/response/health_check", { transaction: JSON.parse(payload).transaction }),
  );
  expect(await bridge.answers(5_000)).toBe(true);
});

test("the one cached state that Zigbee2MQTT publishes after its start is no answer of the device", async () => {
  const lamp = { name: "lamp", property: "state" };
  await respond("lamp/get", () => undefined);
  const asked = bridge.ask([lamp], { timeoutMs: 1_200, messagesNeeded: 2 });
  await say("lamp", { state: "ON" });
  expect(await asked).toEqual({ firstAnswerAt: undefined, answered: [] });
});

test("devices that answer are counted, with the time of the first answer", async () => {
  await respond("lamp/get", () => void say("lamp", { state: "ON" }));
  const { firstAnswerAt, answered } = await bridge.ask(
    [
      { name: "lamp", property: "state" },
      { name: "unplugged", property: "state" },
    ],
    { timeoutMs: 1_500, messagesNeeded: 2 },
  );
  expect(answered).toEqual(["lamp"]);
  expect(firstAnswerAt).toBeInstanceOf(Date);
});

test("a retained state that a late will has overwritten is put right for whoever connects later", async () => {
  await zigbee2mqtt.publishAsync("home/zigbee/bridge/state", '{"state":"offline"}', { qos: 1, retain: true });
  expect(await bridge.state(2_000)).toBe("offline");
  await bridge.putStateRight();
  expect(await bridge.state(2_000)).toBe("online");
});

test("a wrong password is told apart from a broker that is away, and never shown", async () => {
  const refused = Bridge.connect({ ...broker, username: "z2m", password: "wrong" }, { timeoutMs: 0 });
  await expect(refused).rejects.toMatchObject({
    id: "BROKER_UNREACHABLE",
    message: expect.stringContaining("refuses the user name or password"),
  });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining("wrong") });
  const away = Bridge.connect({ ...broker, url: "mqtt://127.0.0.1:1" }, { timeoutMs: 0 });
  await expect(away).rejects.toMatchObject({
    message: expect.stringContaining("cannot be reached from here (ECONNREFUSED)"),
  });
});

test("routers with a readable property are asked, others not", () => {
  const exposes = [{ type: "light", features: [{ property: "state", access: 7 }] }];
  const router = { friendly_name: "lamp", type: "Router", interview_completed: true, definition: { exposes } };
  const list = [
    router,
    { ...router, friendly_name: "battery", type: "EndDevice" },
    { ...router, friendly_name: "off", disabled: true },
    { ...router, friendly_name: "write only", definition: { exposes: [{ property: "x", access: 2 }] } },
    { ...router, friendly_name: "every/+/thing" },
    { nonsense: true },
  ];
  expect(parseDevices(JSON.stringify(list))).toEqual([{ name: "lamp", property: "state" }]);
});

test.each(["", "null", "[]", "{", '{"coordinator":7}'])("garbage as bridge/info (%s) is no information", (text) => {
  expect(parseBridgeInfo(text)?.coordinatorIeee).toBeUndefined();
  expect(parseDevices(text)).toEqual([]);
});

test("a cancel that comes while the broker is asked again ends the question, and not the process", async () => {
  const ending = new AbortController();
  const asked = bridge.state(5_000, ending.signal);
  ending.abort();
  // An unhandled rejection would fail this file.
  await expect(asked).rejects.toThrow();
  await new Promise((resolve) => void setTimeout(resolve, 50));
});

test("a broker that refuses the subscription is left again, however often it is tried", async () => {
  const before = aedes.connectedClients;
  aedes.authorizeSubscribe = (_client, _subscription, done) => done(null, null);
  await expect(Bridge.connect(broker, { timeoutMs: 600 })).rejects.toMatchObject({ id: "BROKER_UNREACHABLE" });
  await expect.poll(() => aedes.connectedClients, { timeout: 2_000 }).toBe(before);
});
