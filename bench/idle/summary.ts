import type { ProcessCost } from "./process-costs.ts";

/** What the issue asks of one home with everything. */
const TARGETS = { memoryMb: 400, cpuPercent: 3, writtenMbADay: 200, eventsASync: 20 } as const;
const MB = 1_000_000;
const DAY_MS = 86_400_000;

export interface IdleFigures {
  readonly memoryMb: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly writtenMbADay: number;
  /** The most that the workflows of one sync had in their histories; 0 where none ran. */
  readonly eventsASync: number;
  readonly syncs: number;
  readonly minutes: number;
}

export interface Observed {
  readonly before: readonly ProcessCost[];
  readonly after: readonly ProcessCost[];
  readonly elapsedMs: number;
  readonly syncs: readonly { readonly workflowId: string; readonly events: number }[];
}

/** The figures, a table of them by process, and which targets are missed. Memory is that of the end. */
export function summarize({ before, after, elapsedMs, syncs }: Observed): {
  figures: IdleFigures;
  lines: readonly string[];
  missed: readonly string[];
} {
  const rows = after.map((process) => {
    const earlier = before.find(({ pid }) => pid === process.pid);
    return {
      name: process.name,
      memoryMb: process.memoryBytes / MB,
      cpuPercent: ((process.cpuMs - (earlier?.cpuMs ?? 0)) / elapsedMs) * 100,
      writtenMbADay: ((process.writtenBytes - (earlier?.writtenBytes ?? 0)) / MB / elapsedMs) * DAY_MS,
    };
  });
  const total = (of: "memoryMb" | "cpuPercent" | "writtenMbADay") => rows.reduce((sum, row) => sum + row[of], 0);
  const figures: IdleFigures = {
    memoryMb: Math.round(total("memoryMb")),
    cpuPercent: Number(total("cpuPercent").toFixed(2)),
    writtenMbADay: Math.round(total("writtenMbADay")),
    eventsASync: Math.max(0, ...syncs.map(({ events }) => events)),
    syncs: syncs.length,
    minutes: Number((elapsedMs / 60_000).toFixed(1)),
  };
  const missed = Object.entries(TARGETS).flatMap(([name, most]) => {
    const is = figures[name as keyof typeof TARGETS];
    return is <= most ? [] : [`${name}: ${is}, not ${most} or less`];
  });
  return {
    figures,
    missed,
    lines: [
      row("process", "memory MB", "CPU %", "written MB a day"),
      ...rows.map(({ name, memoryMb, cpuPercent, writtenMbADay }) =>
        row(name, memoryMb.toFixed(1), cpuPercent.toFixed(2), writtenMbADay.toFixed(1)),
      ),
      row("together", `${figures.memoryMb}`, `${figures.cpuPercent}`, `${figures.writtenMbADay}`),
      ...syncs.map(({ workflowId, events }) => `${workflowId}: ${events} events`),
      ...missed.map((sentence) => `MISSED  ${sentence}`),
    ],
  };
}

function row(name: string, ...figures: readonly string[]): string {
  return name.padEnd(24) + figures.map((figure) => figure.padStart(18)).join("");
}
