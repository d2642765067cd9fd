import fs from "node:fs";

/** How long an answer of the kernel is taken to be still true, in ms. */
const CACHE_MS = 20;

/** Tells whether some program has a serial port open, by the lock that such programs take on it (flock). */
export class PortLock {
  readonly #mark: string;
  #held = false;
  #checked = -Infinity;

  constructor(path: string) {
    const { dev, ino } = fs.statSync(path);
    const major = (dev >> 8) & 0xfff;
    const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
    this.#mark = ` ${hex(major)}:${hex(minor)}:${ino} `;
  }

  /** True also where the kernel does not tell. */
  held(): boolean {
    if (performance.now() - this.#checked < CACHE_MS) return this.#held;
    this.#checked = performance.now();
    try {
      this.#held = fs.readFileSync("/proc/locks", "utf8").includes(this.#mark);
    } catch {
      this.#held = true;
    }
    return this.#held;
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
