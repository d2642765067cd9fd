import { setTimeout as delay } from "node:timers/promises";
import type { MqttObserver } from "./mqtt-observer.ts";

/** A frame that a device accepted. */
export interface Reception {
  /** Milliseconds since 1970, by the air's clock. */
  readonly at: number;
  /** Name of the stick that sent it. */
  readonly dongle: string;
}

/** How long a switched light obeyed nobody, and between which moments. */
export interface Outage {
  readonly outageMs: number;
  readonly lastBefore: number;
  readonly firstAfter: number;
}

const PERIOD_MS = 50;

/**
 * The outage of a handover: from the last command that the light received from the old node's stick to the first that it
 * received from the new one's. Undefined where either is missing.
 */
export function measureOutage(
  received: readonly Reception[],
  oldDongle: string,
  newDongle: string,
): Outage | undefined {
  const lastBefore = received.findLast(({ dongle }) => dongle === oldDongle)?.at;
  if (lastBefore === undefined) return undefined;
  const firstAfter = received.find(({ dongle, at }) => dongle === newDongle && at > lastBefore)?.at;
  if (firstAfter === undefined) return undefined;
  return { outageMs: Math.round(firstAfter - lastBefore), lastBefore, firstAfter };
}

/** Somebody who plays with a light switch: on and off over MQTT, every 50 ms, whether or not anything happens. */
export class Switching {
  readonly #mqtt: MqttObserver;
  readonly #topic: string;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(mqtt: MqttObserver, light: string) {
    this.#mqtt = mqtt;
    this.#topic = `zigbee2mqtt/${light}/set`;
    this.#done = this.#switch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #switch(): Promise<void> {
    const { signal } = this.#stop;
    const startedAt = performance.now();
    for (let count = 1; !signal.aborted; count++) {
      await this.#mqtt.publish(this.#topic, { state: count % 2 ? "ON" : "OFF" });
      const wait = startedAt + count * PERIOD_MS - performance.now();
      await delay(Math.max(0, wait), undefined, { signal }).catch(() => undefined);
    }
  }
}
