import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listen } from "../../../triggers/mqtt/listen.ts";
import { Signs } from "../../../triggers/mqtt/signs.ts";

let server: Server;
let url: string;
let zigbee2mqtt: MqttClient;
let ending: AbortController;
let listening: Promise<void>;
let seen: string[];

const sockets = new Set<Socket>();
beforeEach(async () => {
  const aedes = await Aedes.createBroker();
  server = createServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  zigbee2mqtt = await connectZigbee2Mqtt();
  ending = new AbortController();
  seen = [];
  const saw = ({ sign, retained }: { sign: string; retained: boolean }) => {
    const word = retained ? `${sign} (retained)` : sign;
    if (seen.at(-1) !== word) seen.push(word);
  };
  const broker = { url, baseTopic: "home/zigbee", rejectUnauthorized: true };
  listening = listen(broker, new Signs(performance.now()), { saw, signal: ending.signal });
});
afterEach(async () => {
  ending.abort();
  await listening;
  await zigbee2mqtt.endAsync(true);
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** A client that says offline by its will, and answers health checks. */
async function connectZigbee2Mqtt(): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, {
    reconnectPeriod: 0,
    will: { topic: "home/zigbee/bridge/state", payload: Buffer.from('{"state":"offline"}'), retain: true, qos: 1 },
  });
  await client.subscribeAsync("home/zigbee/bridge/request/health_check");
  client.on("message", () => client.publish("home/zigbee/bridge/response/health_check", '{"status":"ok"}'));
  await client.publishAsync("home/zigbee/bridge/state", '{"state":"online"}', { retain: true });
  return client;
}

test("a killed Zigbee2MQTT is seen within a second, and its return", async () => {
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["healthy"]);
  zigbee2mqtt.stream.destroy();
  await expect.poll(() => seen, { timeout: 1_000 }).toEqual(["healthy", "offline"]);
  zigbee2mqtt = await connectZigbee2Mqtt();
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["healthy", "offline", "healthy"]);
});

test("a late will is outlived by the answer to the next question", async () => {
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["healthy"]);
  const late = await connectZigbee2Mqtt();
  late.stream.destroy();
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["healthy", "offline", "healthy"]);
});

test("a broker that goes away is told, and connected to again when it is back", async () => {
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["healthy"]);
  const { port } = server.address() as AddressInfo;
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
  await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe("broker-lost");
  const aedes = await Aedes.createBroker();
  server = createServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  zigbee2mqtt = await connectZigbee2Mqtt();
  await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe("healthy");
}, 40_000);
