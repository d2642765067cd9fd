import { expect } from "vitest";
import { Switching } from "../../../../lab/home/outage.ts";
import { until } from "../../../home/support/bring-up.ts";
import { ALL_WELL } from "./bring-up.ts";
import type { NodeName, SystemHome } from "./bring-up.ts";

/** Longest time between two commands that the light receives, every 50 ms one: more than a busy machine explains is an outage. */
const PAUSE_MS = 1_500;

/** Somebody at home who would notice an outage: switches a light all the time. */
export class Household {
  readonly #lab: SystemHome;
  readonly #active: NodeName;
  readonly #switching: Switching;
  #since = { at: 0, pid: 0 as number | undefined };

  constructor(lab: SystemHome, active: NodeName) {
    this.#lab = lab;
    this.#active = active;
    this.#switching = new Switching(lab.home.mqtt, lab.home.light(0).name);
  }

  /** From now on nothing may happen. Resolves when the light obeys. */
  async settle(): Promise<void> {
    const obeys = () => (this.#received().at(-1)?.at ?? 0) > Date.now() - 200;
    await until(obeys, "the light obeys");
    this.#since = { at: Date.now(), pid: this.#lab.node(this.#active).zigbee2mqtt.pid };
  }

  /** 0 ms of outage: one Zigbee2MQTT and one radio, the same as before, and a light that obeyed all the time. */
  expectUntouched(): void {
    const node = this.#lab.node(this.#active);
    const commands = this.#received().filter(({ at }) => at >= this.#since.at);
    expect(new Set(commands.map(({ dongle }) => dongle))).toEqual(new Set([node.dongle.name]));
    const times = [this.#since.at, ...commands.map(({ at }) => at), Date.now()];
    expect(Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))).toBeLessThan(PAUSE_MS);
    expect(node.zigbee2mqtt.pid).toBe(this.#since.pid);
    expect(this.#lab.home.servingNode()?.name).toBe(this.#active);
    expect(this.#lab.home.facts()).toEqual(ALL_WELL);
  }

  async stop(): Promise<void> {
    await this.#switching.stop();
  }

  #received() {
    return this.#lab.home.light(0).radio.received;
  }
}
