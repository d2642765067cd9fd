import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Air } from "../../../lab/air/air.ts";
import { Dongle } from "../../../lab/coordinator/dongle.ts";
import type { Timing } from "../../../lab/coordinator/serial-line.ts";
import { MtHost } from "./mt-host.ts";

/** Dongles on one air with their files in a directory of their own, all removed by `clear`. */
export class Bench {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "dongles-"));
  readonly air = new Air();
  readonly #cleaning: (() => Promise<void> | void)[] = [];

  /** A dongle without power; the same name again is the same stick with the same flash. */
  dongle(name: string, hardwareIeee = "00124b0011111111", timing: Timing = "off"): Dongle {
    const stateFile = path.join(this.directory, `${name}.json`);
    const dongle = new Dongle({ name, hardwareIeee, stateFile, timing, air: this.air });
    this.#cleaning.push(() => dongle.unplug());
    return dongle;
  }

  /** Plugs a dongle in over TCP and connects to it. */
  async connect(dongle: Dongle): Promise<MtHost> {
    const { port } = await dongle.listenTcp(0);
    const host = await MtHost.connect(port);
    this.#cleaning.push(() => host.close());
    return host;
  }

  async clear(): Promise<void> {
    for (let clean = this.#cleaning.pop(); clean; clean = this.#cleaning.pop()) await clean();
    this.air.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
