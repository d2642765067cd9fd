/**
 * The Zigbee2MQTTs of all services, as far as MQTT shows them: each with a connection and a will of its own, a light that answers and a
 * sensor that reports. Arguments: the broker's URL, how many. For each line `lose N` on standard input the first N lose their connection
 * without a word, and `lost <time in ms>` is printed; `ready` once all are there.
 */
import { createInterface } from "node:readline";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { serviceNames } from "./services.ts";

const [url = "", count = "1"] = process.argv.slice(2);
const REPORT_EVERY_MS = 20_000;
const LIGHT = {
  friendly_name: "light",
  type: "Router",
  interview_completed: true,
  definition: { exposes: [{ features: [{ property: "state", access: 7 }] }] },
};

const homes = await Promise.all(serviceNames(Number(count)).map(bringUp));
console.log("ready");
createInterface({ input: process.stdin }).on("line", (line) => {
  const [verb, many] = line.split(" ");
  if (verb !== "lose") return;
  const at = Date.now();
  for (const home of homes.slice(0, Number(many))) {
    home.options.reconnectPeriod = 0;
    home.stream.destroy();
  }
  console.log(`lost ${at}`);
});

async function bringUp(base: string, index: number): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, {
    clientId: base,
    will: { topic: `${base}/bridge/state`, payload: '{"state":"offline"}', qos: 1, retain: true },
  });
  client.on("message", (topic, payload) => answer(client, base, topic, payload.toString()));
  await client.subscribeAsync([`${base}/bridge/request/health_check`, `${base}/+/get`]);
  for (const [topic, payload] of [
    ["bridge/devices", JSON.stringify([LIGHT])],
    ["bridge/state", '{"state":"online"}'],
  ] as const)
    await client.publishAsync(`${base}/${topic}`, payload, { qos: 1, retain: true });
  const report = () => client.connected && client.publish(`${base}/sensor`, '{"temperature":21.5}');
  // Not all in the same moment.
  setTimeout(() => setInterval(report, REPORT_EVERY_MS), (index * 7919) % REPORT_EVERY_MS);
  return client;
}

function answer(client: MqttClient, base: string, topic: string, payload: string): void {
  if (topic.endsWith("/get")) {
    client.publish(topic.slice(0, -"/get".length), '{"state":"ON"}');
    return;
  }
  const { transaction } = JSON.parse(payload) as { transaction?: string };
  client.publish(
    `${base}/bridge/response/health_check`,
    JSON.stringify({ data: { healthy: true }, status: "ok", transaction }),
  );
}
