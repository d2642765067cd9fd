import type { HandoverReport, StepReport } from "../../workflows/contract.ts";
import { table } from "../table.ts";
import { duration, plain, shorten, timeOfDay } from "../words.ts";

/** One line for a step that has ended, for a log. */
export function endedStepLine(step: StepReport): string {
  const end = new Date(Date.parse(step.startedAt) + (step.durationMs ?? 0));
  const parts = [
    timeOfDay(end),
    step.state === "failed" ? "FAILED" : "done",
    stepTitle(step),
    step.node ?? "",
    duration(step.durationMs ?? 0),
    plain(step.detail ?? ""),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** The steps so far, a line each, no wider than `width`. */
export function liveLines(report: HandoverReport, now: Date, width: number): readonly string[] {
  const titleWidth = Math.max(0, ...report.steps.map((step) => stepTitle(step).length));
  const nodeWidth = Math.max(0, ...report.steps.map((step) => (step.node ?? "").length));
  return report.steps.map((step) => {
    const spent = step.durationMs ?? now.getTime() - Date.parse(step.startedAt);
    const line = [
      MARK[step.state],
      stepTitle(step).padEnd(titleWidth),
      (step.node ?? "").padEnd(nodeWidth),
      duration(spent).padStart(7),
      plain(step.detail ?? ""),
    ].join("  ");
    return shorten(line.trimEnd(), width);
  });
}

/** What a handover did, as a table; empty where it did nothing. */
export function stepsTable(report: HandoverReport): string {
  if (report.steps.length === 0) return "";
  const rows = report.steps.map((step) => [
    stepTitle(step),
    step.node ?? "",
    step.durationMs === undefined ? "" : duration(step.durationMs),
    step.state,
    shorten(plain(step.detail ?? ""), 60),
  ]);
  return table(["Step", "Node", "Time", "State", "Found"], rows);
}

/** The checks that refused, each with the way to mend it. */
export function refusals(report: HandoverReport): readonly string[] {
  return report.findings
    .filter((finding) => !finding.ok)
    .flatMap((finding) => [
      `- ${finding.node ? `${finding.node}: ` : ""}${plain(finding.what)} (check ${finding.check})`,
      ...(finding.next ? [`  Next: ${plain(finding.next)}`] : []),
    ]);
}

function stepTitle(step: StepReport): string {
  return `${step.undo ? "way back: " : ""}${plain(step.title)}`;
}

const MARK = { running: "…", done: "✓", failed: "✗" } as const;
