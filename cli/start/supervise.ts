import { setTimeout as delay } from "node:timers/promises";
import { duration } from "../words.ts";
import type { Ended, Leashed } from "./leash.ts";

export interface SuperviseOptions {
  /** What it is called in messages. */
  readonly name: string;
  readonly start: () => Promise<Leashed>;
  /** Resolves when it serves. A rejection counts only at the first start; later ones are seen by the program's end. */
  readonly ready: (child: Leashed) => Promise<void>;
  readonly say: (sentence: string) => void;
  readonly backoff?: { readonly firstMs: number; readonly mostMs: number; readonly calmMs: number };
}

const BACKOFF = { firstMs: 500, mostMs: 30_000, calmMs: 60_000 };

/** A program that is started again whenever it ends. */
export class Supervised {
  readonly #options: SuperviseOptions;
  readonly #stopping = new AbortController();
  #child: Leashed | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: SuperviseOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it serves. Rejects where the first start fails; from then on it is watched. */
  async start(): Promise<void> {
    const child = await this.#options.start();
    this.#child = child;
    if (this.#isStopping()) await child.stop(0);
    await this.#options.ready(child);
    this.#watching = this.#watch(child);
  }

  /** Ends it and the watching. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop(graceMs);
    await this.#watching;
  }

  async #watch(first: Leashed): Promise<void> {
    const { firstMs, mostMs, calmMs } = this.#options.backoff ?? BACKOFF;
    let child: Leashed | undefined = first;
    let wait = firstMs;
    while (!this.#isStopping()) {
      if (child) {
        const since = Date.now();
        const end = await child.ended;
        if (this.#isStopping()) return;
        if (Date.now() - since > calmMs) wait = firstMs;
        this.#options.say(`${this.#options.name} ${howItEnded(end)}; starting it again in ${duration(wait)}.`);
      }
      await delay(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, mostMs);
      child = this.#isStopping() ? undefined : await this.#restart();
    }
  }

  async #restart(): Promise<Leashed | undefined> {
    const { name, say, start, ready } = this.#options;
    try {
      const child = await start();
      this.#child = child;
      if (this.#isStopping()) {
        await child.stop(0);
        return undefined;
      }
      ready(child).then(
        () => say(`${name} serves again.`),
        () => undefined,
      );
      return child;
    } catch (error) {
      say(`${name} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}

function howItEnded({ code, signal }: Ended): string {
  if (signal) return `was ended by ${signal}`;
  // The leash is a shell: 128 + the signal's number.
  if (code !== null && code > 128) return `was ended by signal ${code - 128}`;
  return `ended with exit code ${code}`;
}
