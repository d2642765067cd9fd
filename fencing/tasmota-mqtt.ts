import { randomUUID } from "node:crypto";
import mqtt from "mqtt";
import type { IPublishPacket, MqttClient } from "mqtt";
import type { TasmotaMqttRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { PowerState, PowerSwitch } from "./power-switch.ts";
import { tasmotaKeys, tasmotaState } from "./tasmota-state.ts";

const CONNECT_MS = 4_000;
const ANSWER_MS = 3_000;

/** A plug with Tasmota over MQTT: `cmnd/TOPIC/POWER1` orders or, empty, asks; `stat/TOPIC/POWER` answers. */
export function tasmotaMqttSwitch(rung: TasmotaMqttRung): PowerSwitch {
  return {
    set: async (state, signal) => void (await ask(rung, state.toUpperCase(), signal)),
    read: (signal) => ask(rung, "", signal),
  };
}

/** Publishes and waits for the plug's own word. What the broker had retained is an earlier word and counts for nothing. */
async function ask(rung: TasmotaMqttRung, payload: string, signal: AbortSignal): Promise<PowerState> {
  const client = await connect(rung, signal);
  const { promise, resolve, reject } = Promise.withResolvers<PowerState>();
  const abort = () => reject(signal.reason as Error);
  const late = setTimeout(
    () =>
      reject(
        failed(
          `The plug ${rung.topic} does not answer at the broker.`,
          "see that it is connected to that broker, and that topic is the plug's own (Tasmota's `Topic`).",
        ),
      ),
    ANSWER_MS,
  );
  signal.addEventListener("abort", abort);
  client.on("message", (topic: string, message: Buffer, packet: IPublishPacket) => {
    const state = packet.retain ? undefined : stateIn(rung, topic, message.toString("utf8"));
    if (state) resolve(state);
  });
  try {
    signal.throwIfAborted();
    await Promise.race([subscribe(client, rung), promise]);
    // Nothing is queued for later: an order that arrives after a reconnect may no longer be meant.
    if (client.connected) client.publish(`cmnd/${rung.topic}/POWER${rung.relay}`, payload);
    return await promise;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", abort);
    await client.endAsync(true);
  }
}

async function subscribe(client: MqttClient, { topic }: TasmotaMqttRung): Promise<void> {
  try {
    await client.subscribeAsync(`stat/${topic}/+`);
  } catch {
    throw failed(
      `The broker of the plug ${topic} does not let us hear it, or broke the connection off.`,
      `see that its access list lets the user of this rung read stat/${topic}/+ and write cmnd/${topic}/+.`,
    );
  }
}

function stateIn({ topic, relay }: TasmotaMqttRung, heardAt: string, text: string): PowerState | undefined {
  const key = tasmotaKeys(relay).find((name) => heardAt === `stat/${topic}/${name}`);
  return key === undefined ? undefined : tasmotaState({ [key]: text }, relay);
}

async function connect(rung: TasmotaMqttRung, signal: AbortSignal): Promise<MqttClient> {
  signal.throwIfAborted();
  try {
    const client = await mqtt.connectAsync(
      rung.server,
      {
        clientId: `understudy-fence-${randomUUID().slice(0, 8)}`,
        ...(rung.user === undefined ? {} : { username: rung.user }),
        ...(rung.password === undefined ? {} : { password: rung.password }),
        connectTimeout: CONNECT_MS,
        reconnectPeriod: 0,
        queueQoSZero: false,
      },
      false,
    );
    // Without a listener a later connection error would end the process.
    client.on("error", () => undefined);
    return client;
  } catch {
    signal.throwIfAborted();
    const { host } = new URL(rung.server);
    throw failed(
      `The broker at ${host}, which the plug ${rung.topic} is connected to, cannot be reached or refuses the user.`,
      "see that it runs, and set user and password of this rung where it asks for them.",
    );
  }
}

function failed(what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { what, next });
}
