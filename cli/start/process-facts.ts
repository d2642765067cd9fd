import { readFile } from "node:fs/promises";

/** A process that is told apart from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When the kernel started it, in its own units; undefined where there is no /proc. */
  readonly born?: string;
}

export async function markProcess(pid: number): Promise<ProcessMark> {
  return { pid, born: await birthOf(pid) };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, born }: ProcessMark): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = await birthOf(pid);
  return now === undefined || born === undefined || now === born;
}

/** Sends a signal to a process and all of its group; a group that is gone is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Field 22 of /proc/PID/stat, or "zombie". The second field may hold spaces and parentheses. */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "zombie" : fields[19];
  } catch {
    return undefined;
  }
}
