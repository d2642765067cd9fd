import { setTimeout as pause } from "node:timers/promises";
import type { Report } from "../../model/evidence.ts";
import type { Observation } from "./signs.ts";

/** Trouble that lasts is repeated ever less often: each report is kept in history, and `service` looks again by itself. */
const REPEAT_MS = { first: 10_000, most: 600_000 };
/** Temporal may be away. */
const RETRY_MS = { first: 1_000, most: 30_000 };

/** Tells `service` what changed, one report after the other; the latest one counts. */
export class Reporter {
  readonly #send: (observation: Observation) => Promise<void>;
  readonly #signal: AbortSignal;
  /** What `service` was told last; it takes a service to be healthy until it hears otherwise. */
  #told: Report["sign"] = "healthy";
  #toldAt = 0;
  #repeatMs = REPEAT_MS.first;
  #waiting: Observation | undefined;
  #sending = false;

  constructor(send: (observation: Observation) => Promise<void>, signal: AbortSignal) {
    this.#send = send;
    this.#signal = signal;
  }

  /** To be called about every second, and whenever something was seen; `now` in ms of any steady clock. */
  saw(observation: Observation, now: number): void {
    const changed = observation.sign !== this.#told;
    if (changed) this.#repeatMs = REPEAT_MS.first;
    else if (!isRepeated(observation.sign) || now - this.#toldAt < this.#repeatMs) return;
    else this.#repeatMs = Math.min(this.#repeatMs * 2, REPEAT_MS.most);
    this.#told = observation.sign;
    this.#toldAt = now;
    this.#waiting = observation;
    if (!this.#sending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    let retryMs = RETRY_MS.first;
    try {
      for (let next = this.#waiting; next && !this.#signal.aborted; next = this.#waiting) {
        this.#waiting = undefined;
        try {
          await this.#send(next);
          retryMs = RETRY_MS.first;
        } catch {
          this.#waiting ??= next;
          await pause(retryMs, undefined, { signal: this.#signal });
          retryMs = Math.min(retryMs * 2, RETRY_MS.most);
        }
      }
    } catch {
      // Ended while it waited.
    } finally {
      this.#sending = false;
    }
  }
}

function isRepeated(sign: Report["sign"]): boolean {
  return sign !== "healthy" && sign !== "stopping-by-request";
}
