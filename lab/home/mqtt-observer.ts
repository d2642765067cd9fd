import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
  /** When it came, in milliseconds of `performance.now()`. */
  readonly at: number;
}

/** Sees everything that is said on a broker, and waits for what is to be said. */
export class MqttObserver {
  readonly client: MqttClient;
  readonly #listeners = new Set<(message: Message) => void>();

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("message", (topic, payload, packet) => {
      const message = { topic, payload: payload.toString(), retained: packet.retain, at: performance.now() };
      for (const listener of this.#listeners) listener(message);
    });
  }

  /** Connects and subscribes to all topics. */
  static async connect(url: string, credentials?: { username: string; password: string }): Promise<MqttObserver> {
    const client = await connectAsync(url, { ...credentials, reconnectPeriod: 500 });
    const observer = new MqttObserver(client);
    await client.subscribeAsync("#");
    return observer;
  }

  /** Calls back for every message, until the returned function is called. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the first message from now on that fits; rejects after `withinMs` with an error that says what was awaited. */
  async waitFor(what: string, fits: (message: Message) => boolean, withinMs: number): Promise<Message> {
    return await new Promise((resolve, reject) => {
      const stop = this.listen((message) => {
        if (!fits(message)) return;
        clearTimeout(timer);
        stop();
        resolve(message);
      });
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`${what}: not within ${withinMs / 1000} s.`));
      }, withinMs).unref();
    });
  }

  async publish(topic: string, payload: unknown): Promise<void> {
    await this.client.publishAsync(topic, typeof payload === "string" ? payload : JSON.stringify(payload));
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.client.endAsync(true);
  }
}
