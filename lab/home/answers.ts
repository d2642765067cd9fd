import fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { HouseholdDevice } from "./household.ts";
import type { MqttObserver } from "./mqtt-observer.ts";

export interface Answer {
  readonly device: string;
  /** Milliseconds from the start of Zigbee2MQTT on the node until Zigbee2MQTT published what the device said. */
  readonly afterStartMs: number;
}

export interface AnswerWatchOptions {
  readonly mqtt: MqttObserver;
  readonly devices: readonly HouseholdDevice[];
  /** The file that is written when Zigbee2MQTT is started on the node. */
  readonly pidFile: string;
  /** Whether the node's coordinator, and no other, is on the air now. */
  readonly serves: () => boolean;
}

const ASK_EVERY_MS = 1000;

/**
 * Watches which devices answer or report through one node. What counts is a message of Zigbee2MQTT about a device that
 * it has heard since it was started there, while the node's coordinator is the only one on the air; states that it
 * remembers from before do not count. Devices that always listen are asked once a second.
 */
export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #unlisten: () => void;
  readonly #stop = new AbortController();
  readonly #asking: Promise<void>;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
    const names = new Set(options.devices.map(({ name }) => name));
    this.#unlisten = options.mqtt.listen(({ topic, payload, retained }) => {
      const name = topic.replace(/^zigbee2mqtt\//, "");
      if (!retained && names.has(name)) this.#consider(name, payload);
    });
    this.#asking = this.#ask();
  }

  /** Those that have answered so far. */
  get answers(): readonly Answer[] {
    return [...this.#answers.values()];
  }

  get complete(): boolean {
    return this.#answers.size === this.#options.devices.length;
  }

  /** Resolves when all have answered or the time is over. Rejects when aborted. */
  async wait(withinMs: number, signal?: AbortSignal): Promise<void> {
    const until = performance.now() + withinMs;
    while (!this.complete && performance.now() < until) await delay(50, undefined, { signal });
  }

  async stop(): Promise<void> {
    this.#unlisten();
    this.#stop.abort();
    await this.#asking;
  }

  #consider(device: string, payload: string): void {
    const startedAt = this.#startedAt();
    const { last_seen: lastSeen } = JSON.parse(payload) as { last_seen?: number };
    if (startedAt === undefined || lastSeen === undefined || lastSeen < startedAt) return;
    if (this.#answers.has(device) || !this.#options.serves()) return;
    this.#answers.set(device, { device, afterStartMs: Date.now() - startedAt });
  }

  #startedAt(): number | undefined {
    return fs.statSync(this.#options.pidFile, { throwIfNoEntry: false })?.mtimeMs;
  }

  async #ask(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && !this.complete) {
      for (const { name, application } of this.#options.serves() ? this.#options.devices : []) {
        if (application.kind === "router" && !this.#answers.has(name)) {
          await this.#options.mqtt.publish(`zigbee2mqtt/${name}/get`, { state: "" });
        }
      }
      await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
