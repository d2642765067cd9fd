import { setTimeout as delay } from "node:timers/promises";

/** The trust center answers within this time or not at all, in ms. */
const TIMEOUT_MS = 5000;

/** Waits for one thing at a time, known by its name. */
export class Expectation<Name extends string> {
  #awaited: { readonly name: Name; readonly resolve: () => void } | undefined;

  /** It is here. */
  met(name: Name): void {
    if (this.#awaited?.name === name) this.#awaited.resolve();
  }

  /** Resolves when it is here. @returns false when it does not come in time */
  async wait(name: Name): Promise<boolean> {
    const arrived = new Promise<true>((resolve) => {
      this.#awaited = { name, resolve: () => resolve(true) };
    });
    const stop = new AbortController();
    const late = delay(TIMEOUT_MS, false, { signal: stop.signal }).catch(() => false);
    const came = await Promise.race([arrived, late]);
    stop.abort();
    this.#awaited = undefined;
    return came;
  }
}
