import { spawn } from "node:child_process";
import type { ServerChannel } from "ssh2";
import { signalProcess } from "./processes.ts";
import type { RunningCommand } from "./ssh-server.ts";

export interface ShellOptions {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Runs a command line with /bin/sh for an SSH channel, as OpenSSH does without a terminal: in a session of its own,
 * with the exit status sent when the shell ends and the channel closed when nobody holds its output any more.
 */
export function runShellCommand(command: string, channel: ServerChannel, options: ShellOptions): RunningCommand {
  const child = spawn("/bin/sh", ["-c", command], {
    cwd: options.directory,
    env: options.environment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Both ends may break at any moment; the exit status says what came of it.
  for (const stream of [channel, channel.stderr, child.stdin, child.stdout, child.stderr]) {
    stream.on("error", () => undefined);
  }
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.once("close", () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.once("error", () => {
    channel.exit(127);
    channel.end();
  });
  child.once("exit", (code, signal) => {
    if (signal) channel.exit(signal.replace(/^SIG/, ""), false, "");
    else channel.exit(code ?? 255);
  });
  child.once("close", () => {
    channel.end();
    channel.close();
  });
  return {
    signal(signal) {
      if (child.pid) signalProcess(-child.pid, signal);
    },
  };
}
