import { setTimeout as delay } from "node:timers/promises";
import { now } from "../air/clock.ts";

/** What hangs on an outlet: a node of a home, with its bus-powered stick. */
export interface Load {
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
}

/**
 * - `stuck`: takes every order and does not switch; says how it is.
 * - `lying`: does not switch either, and says that it has.
 * - `dead`: neither switches nor answers.
 */
export type OutletFault = "stuck" | "lying" | "dead";

export type OutletState = "on" | "off";

export interface OutletOptions {
  readonly name: string;
  readonly load: Load;
  /** From the order until the relay moves, in ms. Default 0. */
  readonly delayMs?: number;
}

/** An outlet of a power strip, a plug or a PoE port, without a protocol: a test puts the one that it needs before it. */
export class Outlet {
  readonly name: string;
  /** What was ordered, oldest first; `at` in milliseconds since 1970. */
  readonly orders: { readonly at: number; readonly state: OutletState }[] = [];
  readonly #load: Load;
  readonly #delayMs: number;
  #relay: OutletState = "on";
  #fault: OutletFault | undefined;
  #moving: Promise<void> = Promise.resolve();

  constructor(options: OutletOptions) {
    this.name = options.name;
    this.#load = options.load;
    this.#delayMs = options.delayMs ?? 0;
  }

  /** Breaks it; undefined mends it. */
  breakDown(fault: OutletFault | undefined): void {
    this.#fault = fault;
  }

  /** Whether power flows, whatever the outlet says. */
  get relay(): OutletState {
    return this.#relay;
  }

  /** What it says of itself. Throws when it is dead. */
  read(): OutletState {
    this.#requireLife();
    return this.#fault === "lying" ? (this.orders.at(-1)?.state ?? this.#relay) : this.#relay;
  }

  /** Takes an order and returns at once; the relay follows after its delay. Throws when it is dead. */
  order(state: OutletState): void {
    this.#requireLife();
    this.orders.push({ at: now(), state });
    if (this.#fault !== undefined) return;
    this.#moving = this.#moving.catch(() => undefined).then(() => this.#move(state));
    // Who is interested asks `settled`.
    this.#moving.catch(() => undefined);
  }

  /** Resolves when all orders have been carried out; rejects when the load did not come back. */
  async settled(): Promise<void> {
    await this.#moving;
  }

  async #move(state: OutletState): Promise<void> {
    if (this.#delayMs > 0) await delay(this.#delayMs);
    if (this.#relay === state) return;
    if (state === "on") this.#relay = state;
    await (state === "off" ? this.#load.powerOff() : this.#load.powerOn());
    this.#relay = state;
  }

  #requireLife(): void {
    if (this.#fault === "dead") throw new Error(`The outlet ${this.name} does not answer.`);
  }
}
