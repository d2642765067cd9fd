/** Start bit, eight data bits, stop bit at 115,200 baud, in ms. */
const BYTE_MS = 10_000 / 115_200;
/** What the firmware needs for one request, in ms. */
const REQUEST_MS = 7;
/** What it needs more for each write to flash, in ms. */
const FLASH_WRITE_MS = 3;

export type Timing = "full" | "off";

interface Job {
  /** When its last byte has arrived. */
  readonly arrival: number;
  readonly run: () => { readonly flashWrites: number; readonly answer: Buffer | undefined };
}

/**
 * The serial line and the firmware's one thread, as time: bytes take their time in either direction, requests are worked
 * off one after the other. With timing off everything happens at once.
 */
export class SerialLine {
  readonly #full: boolean;
  readonly #write: (bytes: Buffer) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #jobs: Job[] = [];
  #working = false;
  #receiveFree = 0;
  #workFree = 0;
  #sendFree = 0;
  /** Grows with every reset, so that what was under way before does not come after. */
  #generation = 0;

  /** @param write called when the last byte of something sent has passed */
  constructor(timing: Timing, write: (bytes: Buffer) => void) {
    this.#full = timing === "full";
    this.#write = write;
  }

  /** Takes a request of so many bytes, works it off in its turn and sends its answer. */
  request(bytes: number, run: Job["run"]): void {
    if (!this.#full) {
      const { answer } = run();
      if (answer) this.#write(answer);
      return;
    }
    this.#receiveFree = Math.max(performance.now(), this.#receiveFree) + bytes * BYTE_MS;
    this.#jobs.push({ arrival: this.#receiveFree, run });
    this.#workOff();
  }

  /** Sends bytes after those that are being sent. @param from not before this time */
  send(bytes: Buffer, from = 0): void {
    if (!this.#full) {
      this.#write(bytes);
      return;
    }
    this.#sendFree = Math.max(performance.now(), this.#sendFree, from) + bytes.length * BYTE_MS;
    this.#at(this.#sendFree, () => this.#write(bytes));
  }

  /** Runs something after a time; with timing off after what runs now. */
  later(milliseconds: number, action: () => void): void {
    if (this.#full) {
      this.#at(performance.now() + milliseconds, action);
      return;
    }
    const generation = this.#generation;
    setImmediate(() => {
      if (generation === this.#generation) action();
    });
  }

  /** Forgets all that is under way, as a reset does. */
  clear(): void {
    this.#generation += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#jobs.length = 0;
    this.#working = false;
    this.#receiveFree = 0;
    this.#workFree = 0;
    this.#sendFree = 0;
  }

  #workOff(): void {
    const job = this.#working ? undefined : this.#jobs.shift();
    if (!job) return;
    this.#working = true;
    const done = Math.max(job.arrival, this.#workFree) + REQUEST_MS;
    const generation = this.#generation;
    this.#at(done, () => {
      const { flashWrites, answer } = job.run();
      if (generation !== this.#generation) return;
      this.#workFree = done + flashWrites * FLASH_WRITE_MS;
      if (answer) this.send(answer, this.#workFree);
      this.#working = false;
      this.#workOff();
    });
  }

  #at(deadline: number, action: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        action();
      },
      Math.max(0, Math.round(deadline - performance.now())),
    );
    this.#timers.add(timer);
  }
}
