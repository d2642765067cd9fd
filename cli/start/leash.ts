import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { signalGroup } from "./process-facts.ts";

/**
 * Runs "$@" and ends it when standard input closes, which the kernel does when the one who holds the other end dies,
 * even by SIGKILL. Everything is in one process group of its own, so that a terminal's Ctrl-C reaches only that one.
 */
const LEASH = `
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
(cat <&3 >/dev/null; kill -TERM "$program" 2>/dev/null; sleep 15; kill -KILL "$program" 2>/dev/null) &
trap : TERM
wait "$program"; code=$?
while kill -0 "$program" 2>/dev/null; do wait "$program"; code=$?; done
trap '' TERM
kill -TERM -$$ 2>/dev/null
exit "$code"
`;

export interface LeashOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: "inherit" | number;
  readonly stderr: "inherit" | number;
}

/** How a program on the leash ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Leashed {
  /** Leader of the process group. */
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** SIGTERM, and SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

/** Starts a program that never outlives this process. Rejects where it cannot be started at all. */
export async function startLeashed(program: string, args: readonly string[], options: LeashOptions): Promise<Leashed> {
  const stdio: StdioOptions = ["pipe", options.stdout, options.stderr];
  const child = spawn("/bin/sh", ["-c", LEASH, "understudy-leash", program, ...args], {
    stdio,
    env: options.env,
    detached: true,
  });
  const ended = Promise.withResolvers<Ended>();
  let gone = false;
  child.once("exit", (code, signal) => {
    gone = true;
    ended.resolve({ code, signal });
  });
  // Writing to a dead leash must not end us.
  child.stdin?.on("error", () => undefined);
  const pid = await started(child);
  return {
    pid,
    ended: ended.promise.then((end) => {
      // Where the leash itself was killed, its program still runs.
      signalGroup(pid, "SIGKILL");
      return end;
    }),
    stop: async (graceMs) => {
      if (gone) return;
      signalGroup(pid, "SIGTERM");
      const killing = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
      await ended.promise;
      clearTimeout(killing);
    },
  };
}

async function started(child: ChildProcess): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  if (child.pid === undefined) throw new Error("The process has no number.");
  return child.pid;
}
