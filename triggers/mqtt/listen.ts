import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import type { BrokerConfig } from "../../config/effective.ts";
import { TOPICS_OF_LIFE } from "../../zigbee2mqtt/signs-of-life.ts";
import type { HeardMessage, Observation, Signs } from "./signs.ts";

const TICK_MS = 500;
/** A broker that stays away this long may have been given another address. */
const GIVE_UP_MS = 300_000;
const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** Follows the same messages beside the signs; `look` is called twice a second while the broker is there. */
export interface Follower {
  message(message: HeardMessage, now: number): void;
  look(now: number): void;
}

/**
 * Follows one service at its broker, asks what `signs` wants to know, and says after each step what is seen. Connects again
 * for as long as it takes; returns when the broker was away for five minutes, or the signal aborts.
 */
export async function listen(
  broker: BrokerConfig,
  signs: Signs,
  options: {
    saw: (observation: Observation, now: number) => void;
    follower?: Follower | undefined;
    signal: AbortSignal;
  },
): Promise<void> {
  const base = `${broker.baseTopic}/`;
  const client = mqtt.connect(broker.url, {
    clientId: `understudy-watch-${randomUUID().slice(0, 8)}`,
    username: broker.username,
    password: broker.password,
    ca: broker.caFile ? await readFile(broker.caFile) : undefined,
    rejectUnauthorized: broker.rejectUnauthorized,
    // A broker that vanished without a word is noticed after 1.5 times this.
    keepalive: 8,
    connectTimeout: 5_000,
    reconnectPeriod: 1_000,
    queueQoSZero: false,
  });
  let lostAt = performance.now();
  const look = () => {
    const now = performance.now();
    const observation = signs.read(now);
    if (observation) options.saw(observation, now);
  };
  const ask = (topic: string, payload: unknown) => {
    // Nothing is queued: what was meant for now must not arrive after a reconnect.
    if (client.connected) client.publish(base + topic, JSON.stringify(payload));
  };
  client.on("error", () => undefined);
  client.on("connect", () => {
    signs.connected(performance.now());
    client.subscribe(TOPICS_OF_LIFE.map((topic) => base + topic));
  });
  client.on("close", () => {
    if (!client.connected) signs.disconnected(performance.now());
  });
  client.on("message", (topic, payload, packet) => {
    if (!topic.startsWith(base) || payload.length > MAX_PAYLOAD_BYTES) return;
    const message = { topic: topic.slice(base.length), retained: packet.retain, text: () => payload.toString("utf8") };
    signs.message(message, performance.now());
    options.follower?.message(message, performance.now());
    look();
    askNow();
  });
  const askNow = () => {
    const { process, devices } = signs.questions(performance.now());
    if (process) ask("bridge/request/health_check", { transaction: randomUUID() });
    for (const { name, property } of devices) ask(`${name}/get`, { [property]: "" });
  };
  try {
    while (!options.signal.aborted) {
      if (client.connected) lostAt = performance.now();
      else if (performance.now() - lostAt > GIVE_UP_MS) return;
      askNow();
      look();
      if (client.connected) options.follower?.look(performance.now());
      await pause(TICK_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  } finally {
    await client.endAsync(true);
  }
}
