import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshTarget } from "../../config/effective.ts";

const SSHD = "/usr/sbin/sshd";
export const sshdInstalled = existsSync(SSHD);

export interface TestServer {
  readonly directory: string;
  readonly port: number;
  readonly target: SshTarget;
  readonly knownHosts: string;
  /** A directory that comes first in the PATH of commands. */
  readonly bin: string;
  /** Puts an executable sh script there. */
  addProgram(name: string, script: string): void;
  removeProgram(name: string): void;
  /** The processes that were started through this server and still run, by their PATH. */
  processes(): number[];
  /** Ends the server's processes of all present connections, as a crash of the node's network would. */
  cutConnections(): void;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** The program that gets the command by -c, in place of the user's login shell. */
  readonly shell?: string;
  readonly user?: string;
  /** As root: a script that is run in a mount namespace of the server's own before it starts; $1 is its directory. */
  readonly prepare?: string;
  /** Whether it forwards connections. Default true. */
  readonly forwarding?: boolean;
}

/** A real sshd on a loopback port, with keys of its own; runs as the present user, and lets only that user in. */
export async function startSshServer(options: ServerOptions = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-sshd-"));
  const bin = join(directory, "bin");
  mkdirSync(bin);
  const hostKey = join(directory, "host_key");
  const userKey = join(directory, "user_key");
  for (const key of [hostKey, userKey]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  writeFileSync(join(directory, "authorized_keys"), readFileSync(`${userKey}.pub`));
  const port = await freePort();
  const config = join(directory, "sshd_config");
  writeFileSync(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${hostKey}
PidFile none
AuthorizedKeysFile ${directory}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
AllowTcpForwarding ${options.forwarding === false ? "no" : "yes"}
SetEnv PATH=${bin}:/usr/bin:/bin HOME=${directory}
${options.shell ? `ForceCommand ${options.shell} -c "$SSH_ORIGINAL_COMMAND"` : ""}
`,
  );
  // Started as root, sshd wants this directory, which a container may lack.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const command = [SSHD, "-D", "-e", "-f", config];
  const wrapped = options.prepare
    ? ["unshare", "-m", "sh", "-ec", `${options.prepare}\nshift\nexec "$@"`, "sh", directory, ...command]
    : command;
  const child = spawn(wrapped[0] ?? SSHD, wrapped.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
  await untilListening(port, child);
  const knownHosts = join(directory, "known_hosts");
  const [type, key] = readFileSync(`${hostKey}.pub`, "utf8").split(" ");
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${key}\n`);
  const target: SshTarget = {
    host: "127.0.0.1",
    port,
    user: options.user ?? userInfo().username,
    identityFile: userKey,
    knownHostsFiles: [knownHosts],
    keepaliveMs: 1000,
    connectTimeoutMs: 5000,
  };
  return {
    directory,
    port,
    target,
    knownHosts,
    bin,
    addProgram: (name, script) => writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    removeProgram: (name) => rmSync(join(bin, name), { force: true }),
    processes: () =>
      readdirSync("/proc")
        .map(Number)
        .filter((pid) => pid > 0 && environmentOf(pid).includes(bin) && !isSshd(pid)),
    cutConnections: () => {
      for (const pid of childrenOf(child.pid ?? -1))
        for (const session of [...childrenOf(pid).filter(isSshd), pid]) kill(session);
    },
    stop: async () => {
      if (child.exitCode === null) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await gone;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself.
  }
}

/** Empty for a zombie. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isSshd(pid: number): boolean {
  return existsSync(`/proc/${pid}/comm`) && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("sshd");
}

/** Waits until something is so; fails with what it was after ten seconds. */
export async function until(fact: () => boolean, what = "it did not come about", timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  let printed = "";
  child.stderr?.on("data", (data: Buffer) => (printed += data.toString()));
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${printed}`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`sshd does not listen: ${printed}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
