import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { signalProcess } from "../hosts/processes.ts";
import type { Process } from "../hosts/processes.ts";
import { runCommand } from "./command.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import type { InitSystem } from "./init-system.ts";

export interface BootOptions {
  readonly name: string;
  /** The host's directory on this machine. */
  readonly directory: string;
  /** Where the host's disk is. */
  readonly disk: string;
  /** Name of a network namespace that exists. */
  readonly networkNamespace: string;
  /** What a process writes "0" to in order to join the host's cgroup. */
  readonly cgroupFile: string;
  readonly init: InitSystem;
  /** Services to wait for. */
  readonly services: readonly string[];
}

/** One run of a host, from power on to power off. */
export interface Boot {
  /** The boot id. */
  readonly id: string;
  /**
   * Resolves when all its processes are gone. SIGHUP: its init asked the kernel for a restart, SIGINT: for power off
   * (pid_namespaces(7), "reboot"), SIGKILL: it was killed.
   */
  readonly ended: Promise<NodeJS.Signals | null>;
  /** Resolves when the services have started; rejects with the end of the console after 30 s, or when it ended. */
  started(): Promise<void>;
  /** Kills the first process, and with it the kernel kills all others. Frozen ones die when they are thawed. */
  kill(): void;
  /** Where this process finds a file of the host. Absolute symbolic links in it would lead astray. */
  outsidePath(path: string): string;
  /** Runs a shell script inside as root. */
  execute(script: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** The same for what the kernel does rather than a process: it goes on while the host is frozen. */
  attend(script: string, args: readonly string[]): Promise<CommandResult>;
  processes(): Process[];
}

const LIMIT_MS = 30_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Starts a host's first process and resolves when it is in the host's own file tree. It dies with this process, however that ends. */
export async function startBoot(options: BootOptions): Promise<Boot> {
  const id = randomUUID();
  await writeFile(join(options.directory, "boot_id"), `${id}\n`);
  const pidFile = join(options.directory, "init.pid");
  await rm(pidFile, { force: true });
  const launcher = await launch(options);
  const ended = once(launcher, "exit").then(([, signal]) => signal as NodeJS.Signals | null);

  async function wait<T>(what: string, probe: () => Promise<T>): Promise<T> {
    const until = Date.now() + LIMIT_MS;
    while (Date.now() < until && isRunning(launcher)) {
      const outcome = await probe();
      if (outcome) return outcome;
      await delay(20);
    }
    launcher.kill("SIGKILL"); // unshare takes its child along.
    const console = await readFile(join(options.directory, "console.log"), "utf8");
    throw new Error(`${options.name} did not ${what}. Its console ends with:\n${console.slice(-2000)}`);
  }

  // boot.sh writes it when it has moved into the host's own tree.
  const readPid = async (): Promise<number> => Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  const init = await wait("move into its own file tree", readPid);

  const enter = ["--target", String(init), "--all", "env", "-i", `PATH=${PATH}`, "HOME=/root"];
  const boot: Boot = {
    id,
    ended,
    started: async () => {
      const { init: system, services } = options;
      await wait(`start ${services.join(", ")}`, () => system.hasStarted(boot, services));
    },
    kill() {
      if (isRunning(launcher)) signalProcess(init, "SIGKILL");
    },
    outsidePath: (path) => join(`/proc/${init}/root`, path),
    execute: (script, args, runOptions) => {
      // nsenter enters no cgroup, and what is started here has to be frozen with the rest.
      const joined = ["-c", 'echo 0 >"$1"; shift; exec "$@"', "sh", options.cgroupFile];
      return runCommand("sh", [...joined, "nsenter", ...enter, "sh", "-c", script, "sh", ...args], runOptions);
    },
    attend: (script, args) => runCommand("nsenter", [...enter, "sh", "-c", script, "sh", ...args]),
    processes: () => processesLike(init),
  };
  return boot;
}

async function launch(options: BootOptions): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("boot.sh", import.meta.url));
  const dieWithParent = ["--pdeathsig", "KILL"];
  const enterNetwork = ["nsenter", `--net=/run/netns/${options.networkNamespace}`];
  const namespaces = ["--mount", "--propagation", "private", "--pid", "--uts", "--ipc", "--time"];
  const unshare = ["unshare", ...namespaces, `--boottime=-${Math.floor(os.uptime())}`, "--fork", "--kill-child"];
  const becomeHost = ["sh", script, options.directory, options.disk, options.name, options.cgroupFile];
  const init = [options.init.cgroupMount, ...options.init.command];
  const console = await open(join(options.directory, "console.log"), "a");
  try {
    return spawn("setpriv", [...dieWithParent, ...enterNetwork, ...unshare, ...becomeHost, ...init], {
      detached: true, // Ctrl-C is for this process, which may have to take the hosts down in order.
      stdio: ["ignore", console.fd, console.fd],
    });
  } finally {
    await console.close();
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** All processes in the same PID namespace, as this machine numbers them. */
function processesLike(pid: number): Process[] {
  const namespace = pidNamespace(pid);
  if (namespace === undefined) return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && pidNamespace(Number(entry)) === namespace)
    .map((entry) => ({ pid: Number(entry), commandLine: commandLine(Number(entry)) }));
}

function pidNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // It ended meanwhile.
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
  } catch {
    return "";
  }
}
