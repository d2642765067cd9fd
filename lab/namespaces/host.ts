import { existsSync } from "node:fs";
import { mkdir, readFile, rm, truncate } from "node:fs/promises";
import { basename } from "node:path";
import { createOpenSshKeyPair } from "./keys.ts";
import type { KeyPair } from "../hosts/keys.ts";
import { signalProcess } from "../hosts/processes.ts";
import type { Process } from "../hosts/processes.ts";
import { startBoot } from "./boot.ts";
import type { Boot } from "./boot.ts";
import type { Zigbee2MqttInstall } from "../hosts/zigbee2mqtt-install.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import { createDisk } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { createFreezer } from "./freezer.ts";
import type { Freezer } from "./freezer.ts";
import type { HostFiles, HostMount, HostService } from "./host-service.ts";
import { initSystem } from "./init-system.ts";
import type { InitKind } from "./init-system.ts";
import type { NamespaceNetwork, NetworkPort } from "./network.ts";
import { systemFiles, USER } from "./system-files.ts";
import type { Sudo } from "./system-files.ts";

export interface NamespaceHostOptions {
  /** Host name; letters, digits and hyphens. */
  readonly name: string;
  readonly network: NamespaceNetwork;
  /** For the host's disk and console; must not exist yet and is removed by `stop`. */
  readonly directory: string;
  /** May log in as pi and as root. */
  readonly authorizedKey: KeyPair;
  readonly services: readonly HostService[];
  /** More files, laid over the system before the first boot. */
  readonly overlay?: HostFiles;
  readonly mounts?: readonly HostMount[];
  /** Default: pi may do everything without a password. */
  readonly sudo?: Sudo;
  /** Default openrc. With busybox, its programs come before all others and nothing makes /dev/serial/by-id. */
  readonly init?: InitKind;
  /** Size of the disk. Default 256 MB. */
  readonly megabytes?: number;
  /** Directories that are file systems of their own, with their size in MB, to fill them without filling the disk. */
  readonly volumes?: Readonly<Record<string, number>>;
}

export interface DongleOptions {
  readonly serialNumber: string;
  /** Default ttyUSB0. */
  readonly port?: string;
}

/** What a host keeps while it is off. */
interface Hardware {
  readonly network: NetworkPort;
  readonly disk: Disk;
  readonly freezer: Freezer;
  readonly hostKey: KeyPair;
}

/**
 * A host with root's help: network, mount, PID, UTS, IPC, cgroup and time namespaces, its own file tree over this
 * machine's system, a boot id of each boot, and real init, sshd and sudo. It shares this machine's kernel and wall clock.
 * Its processes die with this process, however that ends.
 */
export class NamespaceHost {
  readonly name: string;
  /** On this machine: holds console.log, what the host wrote to its console. */
  readonly directory: string;
  readonly address: string;
  /** The user to log in as; root works too. */
  readonly user = USER;
  readonly port = 22;
  readonly #options: NamespaceHostOptions;
  readonly #hardware: Hardware;
  readonly #dongles = new Map<string, { terminal: string; serialNumber: string }>();
  #boot: Boot | undefined;
  #changing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(options: NamespaceHostOptions, hardware: Hardware) {
    this.name = options.name;
    this.directory = options.directory;
    this.address = hardware.network.address;
    this.#options = options;
    this.#hardware = hardware;
  }

  /** This host's line for a known_hosts file. */
  get knownHostsLine(): string {
    return `${this.address} ${this.#hardware.hostKey.public}\n`;
  }

  /** Id of the current boot, undefined while the host is off. */
  get bootId(): string | undefined {
    return this.#boot?.id;
  }

  /** Name of its network namespace while it is on, as `ip netns` shows it. */
  get networkNamespace(): string {
    return this.#hardware.network.namespace;
  }

  /** Zigbee2MQTT on this host, if it has that service: its program by the host's path, its files by this process's. */
  get zigbee2mqtt(): Zigbee2MqttInstall {
    const manage = (verb: string): string =>
      this.#options.init === "systemd" ? `systemctl ${verb} zigbee2mqtt` : `rc-service zigbee2mqtt ${verb}`;
    return {
      directory: "/opt/zigbee2mqtt",
      dataDirectory: this.outsidePath("/opt/zigbee2mqtt/data"),
      commands: { start: manage("start"), stop: manage("stop"), status: manage("status") },
      pidFile: this.outsidePath("/run/zigbee2mqtt.pid"),
      consoleLog: this.outsidePath("/var/log/zigbee2mqtt.log"),
    };
  }

  /** The name under /dev/serial/by-id of a stick with this serial number. */
  static byIdPath(serialNumber: string): string {
    return `/dev/serial/by-id/usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_${serialNumber}-if00-port0`;
  }

  /** Boots, and resolves when all services that start at boot have started. On a host that is on it does nothing. */
  async powerOn(): Promise<void> {
    this.#failure = undefined;
    await this.#change(() => this.#powerOn());
  }

  /** Loses its power: network and processes are gone at once, and nobody is told. Its disk stays. */
  async powerOff(): Promise<void> {
    await this.#change(() => this.#powerOff());
  }

  /** Resolves when a reboot or shutdown that the host itself asked for has been carried out; rejects if it did not boot again. */
  async settled(): Promise<void> {
    await this.#changing;
    if (this.#failure) throw this.#failure;
  }

  /** Pulls the network cable. It stays pulled over a reboot. */
  async cutNetwork(): Promise<void> {
    await this.#hardware.network.cut();
  }

  async healNetwork(): Promise<void> {
    await this.#hardware.network.heal();
  }

  /** Stops all processes at one moment, as a hung kernel does: connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    await this.#hardware.freezer.freeze();
  }

  async thaw(): Promise<void> {
    await this.#hardware.freezer.thaw();
  }

  /**
   * Plugs a dongle in; it stays plugged over a reboot.
   * @param terminal path of the pseudo terminal that the emulated dongle answers on, /dev/pts/…
   */
  async plugDongle(terminal: string, options: DongleOptions): Promise<void> {
    const port = options.port ?? "ttyUSB0";
    if (this.#dongles.has(port)) throw new Error(`${this.name}: a dongle is plugged in at ${port} already.`);
    this.#dongles.set(port, { terminal, serialNumber: options.serialNumber });
    if (this.#boot) await this.#showDongle(this.#boot, port);
  }

  /** Removes the device; what has it open notices only when the emulated dongle hangs up its terminal. */
  async unplugDongle(port = "ttyUSB0"): Promise<void> {
    if (this.#dongles.delete(port) && this.#boot) await runDongleScript(this.#boot, ["unplug", port]);
  }

  /** Fills the file system that holds the path, but for so many bytes (default none). */
  async fillDisk(path: string, leaveBytes = 0): Promise<void> {
    await this.#hardware.disk.fill(path, leaveBytes);
  }

  /** Undoes `fillDisk`. */
  async freeDisk(path: string): Promise<void> {
    await this.#hardware.disk.free(path);
  }

  /**
   * Cuts a file off after so many bytes (default 0), as a power loss does to one that was not synced to the disk. Only while
   * the host is off; rejects where its disk has no such file.
   */
  async truncateFile(path: string, bytes = 0): Promise<void> {
    if (this.#boot) throw new Error(`${this.name} is on: a file is cut off by a power loss.`);
    await truncate(this.#hardware.disk.pathAtRest(path), bytes);
  }

  /** Runs a shell script inside as root, past the network: the lab's own door, for setting the scene and looking around. */
  async execute(script: string, args: readonly string[] = [], options?: CommandOptions): Promise<CommandResult> {
    if (!this.#boot) throw new Error(`${this.name} is off.`);
    return await this.#boot.execute(script, args, options);
  }

  /** The same for a command that has to exit with 0; rejects otherwise. */
  async run(command: string): Promise<void> {
    const { code, stderr } = await this.execute(command, [], { timeoutMs: 60_000 });
    if (code !== 0) throw new Error(`${this.name}: "${command}" ended with exit status ${code}: ${stderr.trim()}`);
  }

  /** Where this process finds a file of the host, now. While it is off, only what is on its disk can be found. */
  outsidePath(path: string): string {
    return this.#boot?.outsidePath(path) ?? this.#hardware.disk.pathAtRest(path);
  }

  /** All processes of this host. */
  processes(): Process[] {
    return this.#boot?.processes() ?? [];
  }

  /** Sends a signal to the processes whose command line contains the text; says how many there were. */
  signal(text: string, signal: NodeJS.Signals): number {
    const found = this.processes().filter(({ commandLine }) => commandLine.includes(text));
    for (const { pid } of found) signalProcess(pid, signal);
    return found.length;
  }

  /** Powers off and removes all that the host was. */
  async stop(): Promise<void> {
    await this.powerOff();
    await this.#hardware.freezer.remove();
    await this.#hardware.disk.remove();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Changes of power come from the caller and from the host itself; they are carried out one after the other. */
  #change(action: () => Promise<void>): Promise<void> {
    const change = this.#changing.then(action);
    this.#changing = change.catch(() => {});
    return change;
  }

  async #powerOn(): Promise<void> {
    if (this.#boot) return;
    const { network, disk, freezer } = this.#hardware;
    try {
      await network.connect();
      const boot = await startBoot({
        name: this.name,
        directory: this.directory,
        disk: disk.directory,
        networkNamespace: network.namespace,
        cgroupFile: freezer.joinFile,
        init: initSystem(this.#options.init ?? "openrc"),
        services: this.#options.services.filter((service) => service.startsAtBoot).map((service) => service.name),
      });
      this.#boot = boot;
      void boot.ended.then((signal) => this.#change(() => this.#afterEnd(boot, signal)));
      for (const port of this.#dongles.keys()) await this.#showDongle(boot, port);
      await boot.started();
    } catch (error) {
      await this.#powerOff();
      throw error;
    }
  }

  async #powerOff(): Promise<void> {
    const boot = this.#boot;
    // First the network: no farewell of a dying process may reach anybody.
    await this.#takeDown();
    if (!boot) return;
    boot.kill();
    await this.#hardware.freezer.thaw(); // What is frozen in cgroup v1 dies only when it is thawed.
    await boot.ended;
  }

  async #takeDown(): Promise<void> {
    this.#boot = undefined;
    await this.#hardware.network.disconnect();
  }

  async #afterEnd(boot: Boot, signal: NodeJS.Signals | null): Promise<void> {
    if (this.#boot !== boot) return; // We switched it off ourselves.
    await this.#takeDown();
    if (signal !== "SIGHUP") return;
    await this.#powerOn().catch((error: Error) => (this.#failure = error));
  }

  async #showDongle(boot: Boot, port: string): Promise<void> {
    const dongle = this.#dongles.get(port);
    if (!dongle || !existsSync(dongle.terminal)) return; // A dead stick is not found on the bus.
    const byId = this.#options.init === "busybox" ? "" : basename(NamespaceHost.byIdPath(dongle.serialNumber));
    await runDongleScript(boot, ["plug", port, basename(dongle.terminal), dongle.serialNumber, byId]);
  }
}

/** Makes a host and boots it. Needs root. Rejects with the end of its console if it does not boot within 30 s. */
export async function createNamespaceHost(options: NamespaceHostOptions): Promise<NamespaceHost> {
  const network = options.network.attach(options.name);
  const hostKey = createOpenSshKeyPair();
  await mkdir(options.directory, { recursive: true });
  const system = await systemFiles({
    name: options.name,
    address: network.address,
    init: options.init ?? "openrc",
    sudo: options.sudo ?? { kind: "passwordless" },
    services: options.services,
    hostKey: hostKey.private,
    authorizedKeys: [options.authorizedKey.public],
  });
  const disk = await createDisk({
    directory: options.directory,
    prefix: options.network.prefix,
    megabytes: options.megabytes ?? 256,
    volumes: options.volumes ?? {},
    mounts: [...options.services.flatMap((service) => service.mounts ?? []), ...(options.mounts ?? [])],
    files: { ...system, ...options.overlay },
  });
  const freezer = await createFreezer(network.namespace).catch(async (error: Error) => {
    await disk.remove();
    throw error;
  });
  const host = new NamespaceHost(options, { network, disk, freezer, hostKey });
  try {
    await host.powerOn();
    return host;
  } catch (error) {
    await host.stop();
    throw error;
  }
}

async function runDongleScript(boot: Boot, args: readonly string[]): Promise<void> {
  const script = await readFile(new URL("dongle.sh", import.meta.url), "utf8");
  const result = await boot.attend(script, args);
  if (result.code !== 0) throw new Error(`dongle.sh ${args[0]} failed inside the host: ${result.stderr.trim()}`);
}
