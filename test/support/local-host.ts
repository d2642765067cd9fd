import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UnderstudyError } from "../../model/errors.ts";
import { ForwardRefused, type ForwardTarget, type Host, type RunOptions, type RunResult } from "../../hosts/host.ts";

export interface LocalHostOptions {
  readonly name?: string;
  /** Program and first arguments before `-c`: `["sh"]`, `["busybox", "sh"]`, `["dash"]`. */
  readonly shell?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Changes each script before it runs, to end it at a chosen place. */
  readonly alter?: (script: string) => string;
}

/** A node that is this machine: runs each script with `sh -c`, without SSH. `exclusive` and `privileged` have no effect. */
export function localHost(options: LocalHostOptions = {}): Host {
  const [program = "sh", ...first] = options.shell ?? ["sh"];
  return {
    name: options.name ?? "local",
    run: (script, runOptions = {}) =>
      runLocally(program, [...first, "-c", options.alter?.(script) ?? script, "sh"], runOptions, options.env),
    forward: connectLocally,
    close: () => Promise.resolve(),
  };
}

async function connectLocally(target: ForwardTarget): Promise<Duplex> {
  const socket = connect(target.port, target.host);
  socket.setNoDelay(true);
  await once(socket, "connect").catch(() => {
    throw new ForwardRefused("unreachable");
  });
  return socket;
}

async function runLocally(
  program: string,
  args: string[],
  options: RunOptions,
  env?: Readonly<Record<string, string>>,
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(program, [...args, ...(options.args ?? [])], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: "pipe",
  });
  const end = (): void => killGroup(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs ?? 30_000);
  options.signal?.addEventListener("abort", end);

  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (options.onStdout ? void options.onStdout(chunk) : stdout.push(chunk)));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  // A script may end without reading all its input; that is its own affair.
  const input = options.input instanceof Readable ? options.input : Readable.from(options.input ? [options.input] : []);
  const fed = pipeline(input, child.stdin).catch(() => undefined);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  await fed;

  clearTimeout(timer);
  options.signal?.removeEventListener("abort", end);
  options.signal?.throwIfAborted();
  if (timedOut)
    throw new UnderstudyError("COMMAND_TIMED_OUT", { what: "A command took too long.", next: "look at the test." });
  return { code: code ?? 128 + (signal === "SIGKILL" ? 9 : 15), stdout: Buffer.concat(stdout), stderr };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
