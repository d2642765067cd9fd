import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import type { IPublishPacket, MqttClient } from "mqtt";
import type { BrokerConfig } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { countInterviews, parseBridgeInfo, parseBridgeState, parseDevices, tellsOfDeafFirmware } from "./payloads.ts";
import type { AskableDevice, BridgeInfo } from "./payloads.ts";

const RETRY_MS = 250;
/** For a broker to confirm a subscription; one that lost its power says nothing more. */
const SUBSCRIBE_MS = 5_000;
const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** Zigbee2MQTT's own MQTT interface, seen from the controller. Retained messages and live ones are told apart. */
export class Bridge {
  readonly #client: MqttClient;
  readonly #base: string;
  readonly #listeners = new Set<(message: BridgeMessage) => void>();

  private constructor(client: MqttClient, base: string) {
    this.#client = client;
    this.#base = base;
    client.on("message", (topic, payload, packet) => this.#deliver(topic, payload, packet));
  }

  /**
   * Connects and subscribes to `topics` below the base topic, or to everything there. Tries again until `timeoutMs` has passed.
   * @throws UnderstudyError BROKER_UNREACHABLE
   */
  static async connect(
    broker: BrokerConfig,
    options: { timeoutMs: number; topics?: readonly string[]; signal?: AbortSignal },
  ): Promise<Bridge> {
    const ca = broker.caFile ? await readFile(broker.caFile) : undefined;
    const until = Date.now() + options.timeoutMs;
    for (;;) {
      options.signal?.throwIfAborted();
      try {
        const client = await mqtt.connectAsync(broker.url, {
          clientId: `understudy-${randomUUID().slice(0, 8)}`,
          username: broker.username,
          password: broker.password,
          ca,
          rejectUnauthorized: broker.rejectUnauthorized,
          connectTimeout: 5_000,
          reconnectPeriod: 500,
          queueQoSZero: false,
        });
        // Without a listener a later connection error would end the process.
        client.on("error", () => undefined);
        const bridge = new Bridge(client, broker.baseTopic);
        try {
          await client.subscribeAsync((options.topics ?? ["#"]).map((topic) => `${broker.baseTopic}/${topic}`));
        } catch (error) {
          // Left alone it would stay connected, and connect again, for ever.
          await bridge.close();
          throw error;
        }
        return bridge;
      } catch (error) {
        if (Date.now() > until) throw unreachable(broker, error);
        await pause(RETRY_MS, undefined, { signal: options.signal });
      }
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#client.endAsync(true);
  }

  /** Whether a Zigbee2MQTT answers within `timeoutMs`. It says that its process and its broker connection live, not that the radio does. */
  async answers(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const transaction = randomUUID();
    const heard = this.#first(
      (m) => m.topic === "bridge/response/health_check" && !m.retained && m.text().includes(transaction),
      timeoutMs,
      signal,
    ).then((message) => message !== undefined);
    // Asked again and again: a Zigbee2MQTT that is still starting has not subscribed yet.
    for (;;) {
      this.#publish("bridge/request/health_check", { transaction });
      const answer = await Promise.race([heard, pause(RETRY_MS, undefined, { signal })]);
      if (answer !== undefined) return answer;
    }
  }

  /** The latest word on `bridge/state`. It is retained: an earlier life's, perhaps. Undefined where there is none. */
  async state(timeoutMs: number, signal?: AbortSignal): Promise<"online" | "offline" | undefined> {
    const text = await this.#reread("bridge/state", timeoutMs, signal);
    return text === undefined ? undefined : parseBridgeState(text);
  }

  /**
   * Puts Zigbee2MQTT's retained state right, as it writes it itself, where the late will of an earlier connection has overwritten
   * it. Resolves when the broker has it.
   */
  async putStateRight(): Promise<void> {
    const payload = JSON.stringify({ state: "online" });
    await this.#client.publishAsync(`${this.#base}/bridge/state`, payload, { qos: 1, retain: true });
  }

  /**
   * Has Zigbee2MQTT read its coordinator, which takes seconds. `no` where that failed, or where Zigbee2MQTT tells meanwhile
   * that the firmware leaves its questions unanswered; `unknown` where nothing came or the coordinator cannot be read so.
   */
  async coordinatorAnswers(timeoutMs: number, signal?: AbortSignal): Promise<"yes" | "no" | "unknown"> {
    const transaction = randomUUID();
    const heard = this.#first(
      (m) =>
        !m.retained &&
        ((m.topic === "bridge/response/coordinator_check" && m.text().includes(transaction)) ||
          (m.topic === "bridge/logging" && tellsOfDeafFirmware(m.text()))),
      timeoutMs,
      signal,
    );
    this.#publish("bridge/request/coordinator_check", { transaction });
    const text = (await heard)?.text();
    if (text === undefined) return "unknown";
    if (/"status":\s*"ok"/.test(text)) return "yes";
    return /support/.test(text) ? "unknown" : "no";
  }

  /** What Zigbee2MQTT says of itself. It is retained, so it may be an earlier run's word. Undefined where there is none. */
  async info(timeoutMs: number, signal?: AbortSignal): Promise<BridgeInfo | undefined> {
    const message = await this.#reread("bridge/info", timeoutMs, signal);
    return message === undefined ? undefined : parseBridgeInfo(message);
  }

  /** Mains-powered routers that can be asked for their state. */
  async askableDevices(timeoutMs: number, signal?: AbortSignal): Promise<AskableDevice[]> {
    const message = await this.#reread("bridge/devices", timeoutMs, signal);
    return message ? parseDevices(message) : [];
  }

  /** How many devices are being interviewed, by what is retained. */
  async interviewing(timeoutMs: number, signal?: AbortSignal): Promise<number> {
    const message = await this.#reread("bridge/devices", timeoutMs, signal);
    return message === undefined ? 0 : countInterviews(message);
  }

  /**
   * Asks Zigbee2MQTT to read its coordinator and write coordinator_backup.json. Its reply carries the whole data directory, so do
   * not subscribe to it: see that the file changes.
   */
  requestBackup(): void {
    this.#publish("bridge/request/backup", {});
  }

  /**
   * Asks devices for their state until each (or `enough` of them) answered or `timeoutMs` has passed. `messagesNeeded` is 2 where Zigbee2MQTT may
   * still publish one cached state for each device after its start, which is no answer. `once`: not again and again, because a
   * radio that hangs works off all questions one after the other, 6 s each.
   */
  async ask(
    devices: readonly AskableDevice[],
    options: { timeoutMs: number; messagesNeeded: number; enough?: number; once?: boolean; signal?: AbortSignal },
  ): Promise<{ firstAnswerAt?: Date; answered: string[] }> {
    const seen = new Map(devices.map((device) => [device.name, 0]));
    let firstAnswerAt: Date | undefined;
    const listener = (message: BridgeMessage) => {
      const count = seen.get(message.topic);
      if (count === undefined || message.retained) return;
      seen.set(message.topic, count + 1);
      if (count + 1 >= options.messagesNeeded) firstAnswerAt ??= new Date();
    };
    this.#listeners.add(listener);
    try {
      const until = Date.now() + options.timeoutMs;
      const silent = () => devices.filter((device) => (seen.get(device.name) ?? 0) < options.messagesNeeded);
      const enough = () => devices.length - silent().length >= (options.enough ?? devices.length);
      const askAgainMs = options.once ? options.timeoutMs : 2 * RETRY_MS;
      while (!enough() && Date.now() < until) {
        for (const device of silent()) this.#publish(`${device.name}/get`, { [device.property]: "" });
        await this.#until(enough, Math.min(askAgainMs, until - Date.now()), options.signal);
      }
      const silentNames = new Set(silent().map((device) => device.name));
      return { firstAnswerAt, answered: devices.filter((d) => !silentNames.has(d.name)).map((d) => d.name) };
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #publish(topic: string, payload: unknown): void {
    // Nothing is queued for later: what was meant for now must not arrive after a reconnect.
    if (this.#client.connected) this.#client.publish(`${this.#base}/${topic}`, JSON.stringify(payload));
  }

  /** Subscribing again makes the broker repeat what is retained. Rejects where the broker does not confirm that. */
  async #reread(topic: string, timeoutMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const heard = this.#first((message) => message.topic === topic, timeoutMs, signal);
    // An abort may reject it before it is waited for, which would end the process.
    heard.catch(() => undefined);
    await this.#subscribeAnew(`${this.#base}/${topic}`, signal);
    return (await heard)?.text();
  }

  async #subscribeAnew(topic: string, signal?: AbortSignal): Promise<void> {
    const late = pause(SUBSCRIBE_MS, undefined, { signal, ref: false }).then(() => {
      throw new UnderstudyError("BROKER_UNREACHABLE", {
        what: `The MQTT broker confirmed no subscription within ${SUBSCRIBE_MS / 1000} s.`,
        next: "see that it runs and that this machine may reach it.",
      });
    });
    // A topic that it has subscribed to already the client would not ask for again.
    const anew = this.#client.unsubscribeAsync(topic).then(() => this.#client.subscribeAsync(topic));
    await Promise.race([anew, late]);
  }

  async #until(done: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (done()) return;
    await this.#first(() => done(), timeoutMs, signal);
  }

  #first(
    matches: (message: BridgeMessage) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<BridgeMessage | undefined> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#listeners.delete(listener);
        act();
      };
      const listener = (message: BridgeMessage) => {
        if (matches(message)) end(() => resolve(message));
      };
      const abort = () => end(() => reject(signal?.reason as Error));
      const timer = setTimeout(() => end(() => resolve(undefined)), Math.max(0, timeoutMs));
      signal?.addEventListener("abort", abort);
      this.#listeners.add(listener);
    });
  }

  #deliver(topic: string, payload: Buffer, packet: IPublishPacket): void {
    if (payload.length > MAX_PAYLOAD_BYTES || !topic.startsWith(`${this.#base}/`)) return;
    const message = {
      topic: topic.slice(this.#base.length + 1),
      retained: packet.retain,
      text: () => payload.toString("utf8"),
    };
    for (const listener of this.#listeners) listener(message);
  }
}

interface BridgeMessage {
  /** Below the base topic. */
  readonly topic: string;
  readonly retained: boolean;
  readonly text: () => string;
}

/** Whether a rejection of `Bridge.connect` says that the broker is there and does not let us in. */
export function isRefusal(error: unknown): boolean {
  return error instanceof UnderstudyError && isRefusalCode((error.cause as { code?: unknown } | undefined)?.code);
}

/** MQTT 3.1.1 and 5: bad user name or password, not authorized. */
function isRefusalCode(code: unknown): boolean {
  return code === 4 || code === 5 || code === 134 || code === 135;
}

function unreachable(broker: BrokerConfig, cause: unknown): UnderstudyError {
  const { host } = new URL(broker.url);
  const code = (cause as { code?: unknown }).code;
  const refused = isRefusalCode(code);
  return new UnderstudyError("BROKER_UNREACHABLE", {
    what: refused
      ? `The MQTT broker at ${host} refuses the user name or password.`
      : `The MQTT broker at ${host} cannot be reached from here${typeof code === "string" ? ` (${code})` : ""}.`,
    next: refused
      ? "Set mqtt.user and mqtt.password of the service in understudy.yaml."
      : "See that it runs and that this machine may reach it; set mqtt.server of the service in understudy.yaml where its address differs from the nodes'.",
    cause,
  });
}
