import fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Process {
  readonly pid: number;
  readonly commandLine: string;
}

/**
 * The processes whose environment holds `NAME=value`, children and grandchildren alike, daemons too. Reading the
 * environment finds what left its process group. Linux only; processes of other users are not seen.
 */
export function processesWith(name: string, value: string): Process[] {
  const wanted = `${name}=${value}`;
  return fs
    .readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        if (!fs.readFileSync(`/proc/${entry}/environ`, "utf8").split("\0").includes(wanted)) return [];
        const commandLine = fs.readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0").join(" ").trim();
        return [{ pid: Number(entry), commandLine }];
      } catch {
        return []; // It ended meanwhile, or belongs to somebody else.
      }
    });
}

/** Kills all processes whose environment holds `NAME=value`, and waits until none is left. */
export async function killProcessesWith(name: string, value: string): Promise<void> {
  for (;;) {
    const left = processesWith(name, value);
    if (left.length === 0) return;
    for (const { pid } of left) signalProcess(pid, "SIGKILL");
    await delay(20);
  }
}

/** Sends a signal to a process, or to a group where the number is negative; one that has ended is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
