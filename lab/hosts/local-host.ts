import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createKeyPair, knownHostsLine } from "./keys.ts";
import type { KeyPair } from "./keys.ts";
import { killProcessesWith, processesWith, signalProcess } from "./processes.ts";
import type { Process } from "./processes.ts";
import { runShellCommand } from "./shell-command.ts";
import { SshServer } from "./ssh-server.ts";
import { installZigbee2Mqtt } from "./zigbee2mqtt-install.ts";
import type { Zigbee2MqttInstall } from "./zigbee2mqtt-install.ts";

export interface LocalHostOptions {
  readonly name: string;
  /** The host's file tree; must not exist yet. It is also the home directory of its user. */
  readonly directory: string;
  readonly authorizedKey: KeyPair;
  /** Node.js that runs Zigbee2MQTT. */
  readonly nodeProgram: string;
  /** Version that the installed Zigbee2MQTT claims. Default: its real one. */
  readonly zigbee2mqttVersion?: string;
  /** Further environment of all its processes. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Every process of a host carries this in its environment, however far it detached itself. */
const MARK = "LAB_HOST";

/**
 * A host without root: a directory, an SSH server on a loopback port, and the processes started through it. It shares
 * kernel, clock and network with all others and never reboots; a file holds its boot id.
 */
export class LocalHost {
  readonly name: string;
  readonly directory: string;
  /** The user to log in as. */
  readonly user: string;
  /** Stands for /proc/sys/kernel/random/boot_id, which all local hosts share. */
  readonly bootIdFile: string;
  readonly zigbee2mqtt: Zigbee2MqttInstall;
  readonly #hostKey = createKeyPair();
  readonly #id = randomUUID();
  readonly #extra: Readonly<Record<string, string>>;
  readonly #server: SshServer;

  constructor(options: LocalHostOptions) {
    this.name = options.name;
    this.directory = options.directory;
    this.#extra = options.environment ?? {};
    this.user = os.userInfo().username;
    fs.mkdirSync(this.directory, { recursive: true });
    this.bootIdFile = path.join(this.directory, "boot-id");
    fs.writeFileSync(this.bootIdFile, `${randomUUID()}\n`);
    this.zigbee2mqtt = installZigbee2Mqtt(this.directory, options.nodeProgram, options.zigbee2mqttVersion);
    const shell = { directory: this.directory, environment: this.#environment() };
    this.#server = new SshServer({
      hostKey: this.#hostKey,
      user: this.user,
      authorizedKey: options.authorizedKey,
      exec: (command, channel) => runShellCommand(command, channel, shell),
    });
  }

  /** Port of the SSH server on 127.0.0.1. */
  get port(): number {
    return this.#server.port;
  }

  /** This host's line for a known_hosts file. */
  get knownHostsLine(): string {
    return knownHostsLine(this.port, this.#hostKey);
  }

  /** Starts the SSH server, or accepts connections again after `refuse`. */
  async start(): Promise<void> {
    await this.#server.listen();
  }

  /** Cuts all open SSH connections; new ones are accepted. What runs goes on, as under OpenSSH. */
  sever(): void {
    this.#server.sever();
  }

  /** Refuses new SSH connections until `start`. */
  refuse(): void {
    this.#server.refuse();
  }

  /** Runs a command as the host's user, without SSH; rejects unless it exits with 0. */
  async run(command: string): Promise<void> {
    const child = spawn("/bin/sh", ["-c", command], {
      cwd: this.directory,
      env: this.#environment(),
      detached: true,
      stdio: "ignore",
    });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    if (code !== 0) throw new Error(`${this.name}: "${command}" ended with ${signal ?? `exit status ${code}`}.`);
  }

  /** All processes of this host, Zigbee2MQTT among them. */
  processes(): Process[] {
    return processesWith(MARK, this.#id);
  }

  /** Sends a signal to the processes whose command line contains the text; says how many there were. */
  signal(text: string, signal: NodeJS.Signals): number {
    const found = this.processes().filter(({ commandLine }) => commandLine.includes(text));
    for (const { pid } of found) signalProcess(pid, signal);
    return found.length;
  }

  /** Loses its power: connections and processes are gone at once. Its files stay. It does not come back. */
  async powerOff(): Promise<void> {
    this.#server.refuse();
    this.#server.sever();
    await killProcessesWith(MARK, this.#id);
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      HOME: this.directory,
      USER: this.user,
      LOGNAME: this.user,
      SHELL: "/bin/sh",
      PATH: "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
      UNDERSTUDY_BOOT_ID_FILE: this.bootIdFile,
      [MARK]: this.#id,
      ...this.#extra,
    };
  }
}
