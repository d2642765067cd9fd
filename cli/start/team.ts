import type { Leashed } from "./leash.ts";
import { markProcess, signalGroup } from "./process-facts.ts";
import type { ProcessMark } from "./process-facts.ts";
import type { StartLock } from "./record.ts";
import { Supervised } from "./supervise.ts";
import type { SuperviseOptions } from "./supervise.ts";

export interface MemberOptions extends SuperviseOptions {
  /** The key in the start record. */
  readonly key: string;
  /** How long it may take to end, in ms. */
  readonly graceMs: number;
}

/** The programs that `understudy start` runs: written down as they start, ended in the reverse order. */
export class Team {
  readonly #lock: StartLock;
  readonly #members: { readonly supervised: Supervised; readonly graceMs: number }[] = [];
  #children: Readonly<Record<string, ProcessMark>> = {};
  #ended = false;

  constructor(lock: StartLock) {
    this.#lock = lock;
  }

  /** Starts a program and watches it. Rejects where its first start fails, or where the team was ended meanwhile. */
  async add({ key, graceMs, ...options }: MemberOptions): Promise<void> {
    if (this.#ended) throw new Error("Ending.");
    const supervised = new Supervised({ ...options, start: async () => this.#written(key, await options.start()) });
    this.#members.push({ supervised, graceMs });
    await supervised.start();
  }

  async end(): Promise<void> {
    this.#ended = true;
    for (const { supervised, graceMs } of this.#members.toReversed()) await supervised.stop(graceMs);
  }

  /** Ends everything at once, without letting it finish. */
  kill(): void {
    for (const { pid } of Object.values(this.#children)) signalGroup(pid, "SIGKILL");
  }

  async #written(key: string, child: Leashed): Promise<Leashed> {
    this.#children = { ...this.#children, [key]: await markProcess(child.pid) };
    await this.#lock.update({ children: this.#children });
    return child;
  }
}
