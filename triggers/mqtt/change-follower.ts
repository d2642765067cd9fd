import type { Changes } from "./changes.ts";
import type { HeardMessage } from "./signs.ts";

/** Temporal may be away. */
const RETRY_MS = 10_000;

/** What became of the wish for a sync: it is looked after, or is to be asked for again after so many ms. */
export type Wish = "settled" | { readonly againMs: number };

/** Asks for a sync when one is worth it, one wish after the other. */
export class ChangeFollower {
  readonly #changes: Changes;
  readonly #wish: (changedAt: Date) => Promise<Wish>;
  #notBefore = -Infinity;
  #asking = false;

  /** @param wish is told when the change was, by this machine's clock */
  constructor(changes: Changes, wish: (changedAt: Date) => Promise<Wish>) {
    this.#changes = changes;
    this.#wish = wish;
  }

  message(message: HeardMessage, now: number): void {
    this.#changes.message(message, now);
  }

  /** To be called about every second; `now` in ms of any steady clock. */
  look(now: number): void {
    const since = this.#changes.due(now);
    if (since === undefined || this.#asking || now < this.#notBefore) return;
    void this.#ask(since, now);
  }

  async #ask(since: number, now: number): Promise<void> {
    this.#asking = true;
    try {
      const outcome = await this.#wish(new Date(Date.now() - (now - since)));
      if (outcome === "settled") this.#changes.settled(since);
      else this.#notBefore = now + outcome.againMs;
    } catch {
      this.#notBefore = now + RETRY_MS;
    } finally {
      this.#asking = false;
    }
  }
}
