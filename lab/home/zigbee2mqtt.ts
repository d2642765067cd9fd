import fs from "node:fs";
import type { LocalHost } from "../hosts/local-host.ts";
import type { MqttObserver } from "./mqtt-observer.ts";

/** Zigbee2MQTT on one node, as its service manager and MQTT show it. */
export class Zigbee2Mqtt {
  readonly #host: LocalHost;
  readonly #mqtt: MqttObserver;

  constructor(host: LocalHost, mqtt: MqttObserver) {
    this.#host = host;
    this.#mqtt = mqtt;
  }

  get dataDirectory(): string {
    return this.#host.zigbee2mqtt.dataDirectory;
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    const program = `${this.#host.zigbee2mqtt.directory}/index.js`;
    return this.#host.processes().find(({ commandLine }) => commandLine.endsWith(` ${program}`))?.pid;
  }

  get running(): boolean {
    return this.pid !== undefined;
  }

  /**
   * Starts it and waits until it works (it says that it is online before it listens). Rejects when it does not get there
   * in time, with the end of its console log when it ends instead, and with the signal's reason.
   */
  async start(withinMs: number, signal?: AbortSignal): Promise<void> {
    const started = this.#mqtt.waitFor(
      `Start of Zigbee2MQTT on node ${this.#host.name}`,
      ({ topic, payload }) => topic === "zigbee2mqtt/bridge/logging" && payload.includes("Zigbee2MQTT started!"),
      withinMs,
    );
    let ended: NodeJS.Timeout | undefined;
    const gone = new Promise<never>((_resolve, reject) => {
      ended = setInterval(() => {
        if (signal?.aborted) reject(signal.reason);
        if (this.running) return;
        reject(new Error(`Zigbee2MQTT of node ${this.#host.name} ended instead of starting:\n${this.consoleTail()}`));
      }, 500);
    });
    try {
      await this.#host.run(this.#host.zigbee2mqtt.commands.start);
      await Promise.race([started, gone]);
    } finally {
      clearInterval(ended);
      started.catch(() => undefined);
    }
  }

  /** Stops it and waits until its process is gone. */
  async stop(): Promise<void> {
    await this.#host.run(this.#host.zigbee2mqtt.commands.stop);
  }

  /** The last lines of what it wrote to its console. */
  consoleTail(lines = 20): string {
    const file = this.#host.zigbee2mqtt.consoleLog;
    if (!fs.existsSync(file)) return "";
    return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  }
}
