import type { Finding, HandoverOutcome, HandoverReport, StepReport } from "./contract.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type BeginStep = Pick<StepReport, "name" | "title" | "node" | "undo"> & {
  /** One that is tried for as long as it takes: only the latest attempt stands in the report. */
  readonly again?: boolean;
};

/** Keeps the report of one handover while it runs. Pure: the time comes from the caller. */
export class Recorder {
  readonly #report: Mutable<HandoverReport>;
  readonly #steps: Mutable<StepReport>[] = [];

  constructor(head: Pick<HandoverReport, "service" | "workflowId" | "runId" | "kind" | "reason" | "startedAt">) {
    this.#report = { ...head, message: "Checking", steps: this.#steps, findings: [] };
  }

  get report(): HandoverReport {
    return { ...this.#report, steps: this.#steps.map((step) => ({ ...step })) };
  }

  set(
    values: Partial<
      Pick<
        HandoverReport,
        "from" | "to" | "epoch" | "message" | "outageMs" | "error" | "kind" | "waitsForPerson" | "abandoned"
      >
    >,
  ): void {
    Object.assign(this.#report, values);
  }

  addFindings(findings: readonly Finding[]): void {
    this.#report.findings = [...this.#report.findings, ...findings];
  }

  begin({ again, ...step }: BeginStep, now: Date): number {
    const begun = { ...step, state: "running" as const, startedAt: now.toISOString() };
    const before = again ? this.#steps.findIndex(({ name, node }) => name === step.name && node === step.node) : -1;
    if (before === -1) return this.#steps.push(begun) - 1;
    this.#steps[before] = begun;
    return before;
  }

  end(index: number, state: "done" | "failed", now: Date, detail?: string): void {
    const step = this.#steps[index];
    if (!step) return;
    step.state = state;
    step.durationMs = now.getTime() - Date.parse(step.startedAt);
    if (detail !== undefined) step.detail = detail;
  }

  close(outcome: HandoverOutcome, message: string, now: Date): HandoverReport {
    this.#report.outcome = outcome;
    this.#report.message = message;
    this.#report.endedAt = now.toISOString();
    return this.report;
  }
}

const MARK = { running: "…", done: "✓", failed: "✗" } as const;

/** The report as Markdown, for the Temporal UI's "current details". */
export function renderDetails(report: HandoverReport): string {
  const head =
    report.from && report.to
      ? `**${report.service}**: ${report.from} → ${report.to}, epoch ${report.epoch ?? "?"}`
      : `**${report.service}**`;
  const rows = report.steps.map(
    (s) =>
      `| ${MARK[s.state]} | ${s.undo ? "↩ " : ""}${s.title} | ${s.node ?? ""} | ${s.durationMs === undefined ? "" : `${(s.durationMs / 1000).toFixed(1)} s`} | ${s.detail ?? ""} |`,
  );
  const refusals = report.findings
    .filter((f) => !f.ok)
    .map((f) => `- ${f.node ? `${f.node}: ` : ""}${f.what}${f.next ? ` **Next:** ${f.next}` : ""}`);
  return [
    head,
    "",
    report.message,
    "",
    ...(rows.length ? ["| | step | node | time | |", "|-|-|-|-|-|", ...rows] : []),
    ...(refusals.length ? ["", ...refusals] : []),
  ].join("\n");
}
