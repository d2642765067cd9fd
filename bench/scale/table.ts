export interface ScaleFigures {
  readonly services: number;
  /** How long it took until all were armed. */
  readonly readyMs: number;
  /** Of one core, while nothing happens. */
  readonly cpuPercent: { readonly server: number; readonly worker: number; readonly triggers: number };
  readonly memoryMb: { readonly server: number; readonly worker: number; readonly triggers: number };
  readonly writtenMbADay: number;
  /** Of all workflows that belong to it, its schedule's own included. */
  readonly eventsADayAService: number;
  readonly lost: number;
  /** From the loss to the event that orders the failover, in ms; undefined where one was never ordered. */
  readonly medianDecisionMs: number | undefined;
  readonly slowestDecisionMs: number | undefined;
}

const HEAD = [
  "services",
  "ready s",
  "CPU % server",
  "worker",
  "triggers",
  "MB server",
  "worker",
  "triggers",
  "written MB/day",
  "events/day/service",
  "lost",
  "decided after ms (median)",
  "slowest",
];

/** As a Markdown table. */
export function table(rows: readonly ScaleFigures[]): readonly string[] {
  return [
    line(HEAD),
    line(HEAD.map(() => "--:")),
    ...rows.map((row) =>
      line([
        row.services,
        (row.readyMs / 1000).toFixed(1),
        ...[row.cpuPercent.server, row.cpuPercent.worker, row.cpuPercent.triggers].map((percent) => percent.toFixed(1)),
        ...[row.memoryMb.server, row.memoryMb.worker, row.memoryMb.triggers].map((mb) => mb.toFixed(0)),
        row.writtenMbADay,
        row.eventsADayAService,
        row.lost,
        row.medianDecisionMs ?? "never",
        row.slowestDecisionMs ?? "never",
      ]),
    ),
  ];
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}
