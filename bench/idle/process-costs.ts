import { readFileSync, readdirSync } from "node:fs";

/** What one process has cost so far, and holds now. */
export interface ProcessCost {
  readonly pid: number;
  /** Its program and what tells it apart, in a few words. */
  readonly name: string;
  /** Proportional set size: shared pages are counted once among those who share them. */
  readonly memoryBytes: number;
  readonly cpuMs: number;
  /** What it caused to be written to block devices: nothing for a tmpfs. */
  readonly writtenBytes: number;
}

/** `sysconf(_SC_CLK_TCK)` on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** A process and all that descend from it, from /proc. Those that end meanwhile are left out. */
export function costsOfTree(root: number): readonly ProcessCost[] {
  const parents = new Map(
    readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .flatMap((entry) => {
        const stat = readStat(Number(entry));
        return stat ? [[Number(entry), stat.parent] as const] : [];
      }),
  );
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid !== 0 && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow).flatMap((pid) => {
    try {
      return [costOf(pid)];
    } catch {
      return [];
    }
  });
}

function costOf(pid: number): ProcessCost {
  const stat = readStat(pid);
  if (!stat) throw new Error(`Process ${pid} is gone.`);
  return {
    pid,
    name: nameOf(pid),
    memoryBytes: numberAfter(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss:") * 1024,
    cpuMs: (stat.ticks * 1000) / TICKS_A_SECOND,
    writtenBytes: numberAfter(readFileSync(`/proc/${pid}/io`, "utf8"), "write_bytes:"),
  };
}

/** The second field may hold spaces and parentheses. The children that it has waited for are in the counts. */
function readStat(pid: number): { parent: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  const named = [
    ["start-dev", "Temporal's server"],
    ["workers/main", "worker and triggers"],
    ["understudy.mjs", "understudy start"],
  ] as const;
  const isLeash = words[0]?.endsWith("/sh") === true;
  const [, name = words[0] ?? ""] = named.find(([mark]) => words.some((word) => word.includes(mark))) ?? [];
  return isLeash ? "leash" : name;
}

function numberAfter(text: string, mark: string): number {
  const line = text.split("\n").find((candidate) => candidate.startsWith(mark)) ?? "";
  return Number(line.slice(mark.length).trim().split(/\s+/)[0]);
}
