import { spawn } from "node:child_process";
import { constants } from "node:os";
import { basename } from "node:path";
import { UnderstudyError } from "../model/errors.ts";

export interface ProgramCall {
  readonly program: string;
  readonly args?: readonly string[];
  /** Standard input, then its end. Secrets go this way: the list of processes does not show it. */
  readonly input?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a fence agent needs of our environment; the rest holds what is no business of it. */
const PASSED = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"];
/** Debian keeps fence agents where only root's PATH leads. */
const SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin";

/**
 * Runs a program on this machine and resolves with its exit status, 128 + N after signal N. Its output is thrown away: it may
 * hold passwords. After `timeoutMs`, or an abort, it and its children are killed.
 * @throws UnderstudyError FENCING_FAILED where it cannot be started or does not end in time; the signal's reason after an abort.
 */
export async function runProgram({ program, args = [], input = "", timeoutMs, signal }: ProgramCall): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(program, [...args], {
    stdio: ["pipe", "ignore", "ignore"],
    // A group of its own, so that nothing that it started outlives it.
    detached: true,
    env: environment(),
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const end = (why: unknown) => {
    if (child.pid !== undefined) killGroup(child.pid);
    reject(why);
  };
  const limit = setTimeout(
    () =>
      end(
        failed(
          `${basename(program)} did not end within ${timeoutMs / 1000} s.`,
          "run it by hand on the machine that runs Understudy.",
        ),
      ),
    timeoutMs,
  );
  const abort = () => end(signal.reason);
  signal.addEventListener("abort", abort);
  child.once("error", () =>
    reject(
      failed(
        `${basename(program)} cannot be run.`,
        "install it on the machine that runs Understudy, or correct its name.",
      ),
    ),
  );
  child.once("exit", (code, killedBy) => resolve(code ?? 128 + (killedBy ? constants.signals[killedBy] : 0)));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", abort);
  }
}

function environment(): NodeJS.ProcessEnv {
  const passed = Object.fromEntries(PASSED.flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : [])));
  return { ...passed, PATH: `${process.env["PATH"] ?? "/usr/bin:/bin"}:${SYSTEM_PATHS}` };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function failed(what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { what, next });
}
