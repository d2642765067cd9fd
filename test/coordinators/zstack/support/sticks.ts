import { join } from "node:path";
import { connectHost } from "../../../../hosts/ssh-host.ts";
import type { Host } from "../../../../hosts/host.ts";
import { zigpyCoordinator } from "../../../../coordinators/zigpy-znp.ts";
import { zstackCoordinator } from "../../../../coordinators/zstack/zstack.ts";
import { Air } from "../../../../lab/air/air.ts";
import { Dongle, type DongleOptions } from "../../../../lab/coordinator/dongle.ts";
import { startSshServer, type TestServer } from "../../../hosts/ssh-server.ts";
import { temporaryDirectory } from "../../../support/data-directory.ts";
import { plugUnder } from "../../../support/stick-link.ts";

const PYTHON = join(import.meta.dirname, "../../../../.cache/python/bin/python");

/** Emulated sticks on a node that is reached by a real sshd, each with both drivers. */
export class Sticks {
  readonly air = new Air();
  readonly directory = temporaryDirectory();
  readonly host: Host;
  readonly server: TestServer;
  readonly #dongles: Dongle[] = [];

  private constructor(server: TestServer) {
    this.server = server;
    this.host = connectHost({
      name: "node",
      ssh: server.target,
      privilege: { kind: "none" },
      lockFile: join(server.directory, "lock"),
    });
  }

  static async start(): Promise<Sticks> {
    return new Sticks(await startSshServer());
  }

  async plugIn(name: string, hardwareIeee: string, timing: DongleOptions["timing"] = "off") {
    const dongle = this.dongle(name, hardwareIeee, timing);
    const port = await plugUnder(join(this.directory.path, name), dongle);
    return { dongle, port, ...this.drivers(port) };
  }

  /** One that is not plugged in yet. */
  dongle(name: string, hardwareIeee: string, timing: DongleOptions["timing"] = "off"): Dongle {
    const stateFile = join(this.directory.path, `${name}.json`);
    const dongle = new Dongle({ name, hardwareIeee, stateFile, timing, air: this.air });
    this.#dongles.push(dongle);
    return dongle;
  }

  drivers(port: string) {
    return {
      coordinator: zstackCoordinator(this.host, { port }),
      zigpy: zigpyCoordinator(this.host, { port, python: PYTHON }),
    };
  }

  async stop(): Promise<void> {
    await this.host.close();
    for (const dongle of this.#dongles) await dongle.unplug();
    this.air.close();
    await this.server.stop();
    this.directory.remove();
  }
}
