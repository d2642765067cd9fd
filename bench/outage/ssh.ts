import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Where and as whom to log in, as the owner of a home would write it for the `ssh` command. */
export interface SshTarget {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
}

/** Runs a command line on a node with the system's own `ssh`, as a shell script does. Rejects unless it exits with 0. */
export async function ssh(target: SshTarget, command: string): Promise<void> {
  const child = start(target, command, ["ignore", "ignore", "pipe"]);
  await ended(child, command);
}

/** What a command of one node writes, the command of another reads. Rejects unless both exit with 0. */
export async function sshPipe(source: [SshTarget, string], sink: [SshTarget, string]): Promise<void> {
  const writer = start(...source, ["ignore", "pipe", "pipe"]);
  const reader = start(...sink, ["pipe", "ignore", "pipe"]);
  if (writer.stdout && reader.stdin) writer.stdout.pipe(reader.stdin);
  await Promise.all([ended(writer, source[1]), ended(reader, sink[1])]);
}

function start(target: SshTarget, command: string, stdio: ("ignore" | "pipe")[]): ChildProcess {
  const { user, address, port, identityFile, knownHostsFile } = target;
  const options = [
    ["BatchMode", "yes"],
    ["StrictHostKeyChecking", "yes"],
    ["UserKnownHostsFile", knownHostsFile],
    ["LogLevel", "ERROR"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const login = ["-F", "none", "-i", identityFile, "-p", String(port), ...options, `${user}@${address}`];
  return spawn("ssh", [...login, command], { stdio });
}

async function ended(child: ChildProcess, command: string): Promise<void> {
  child.stderr?.resume(); // The tools log keys there.
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`"${command}" ended with exit status ${code}.`);
}
