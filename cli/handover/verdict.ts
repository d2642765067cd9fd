import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from "@temporalio/client";
import { FAILURE_TYPE_PREFIX } from "../../workflows/contract.ts";
import type { HandoverOutcome, HandoverReport } from "../../workflows/contract.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

/** How a handover ended, for the person who waits for it. */
export interface Verdict {
  readonly report: HandoverReport;
  readonly exitCode: ExitCode;
  /** What to do next, where the report does not say it. */
  readonly next?: string;
}

/** What is known of a handover apart from its end. */
export interface Known {
  readonly service: string;
  readonly workflowId: string;
  readonly runId: string;
  /** The last report seen while it ran. */
  readonly last?: HandoverReport;
}

const OUTCOMES: ReadonlySet<string> = new Set<HandoverOutcome>([
  "done",
  "rehearsed",
  "refused",
  "returned",
  "failed",
  "unknown",
]);
const ASK_STATUS = "see `understudy status` and `understudy history` for what became of it.";

/** The workflow completed. A result that is no report is unknown, never success (I7). */
export function verdictOfResult(result: unknown, known: Known): Verdict {
  if (isReport(result) && (result.outcome === "done" || result.outcome === "rehearsed")) {
    return { report: result, exitCode: EXIT.done };
  }
  if (isReport(result)) return { report: result, exitCode: exitCodeOf(result.outcome) };
  return unknown(known, "The handover ended, but its report cannot be read.", ASK_STATUS);
}

/** The workflow failed, was cancelled, terminated or timed out: `cause` is WorkflowFailedError's. */
export function verdictOfFailure(cause: unknown, known: Known): Verdict {
  for (const failure of chain(cause)) {
    if (failure instanceof TerminatedFailure) {
      return unknown(
        known,
        "The handover was terminated from outside, in the middle of what it did.",
        `nothing by hand yet: the worker reads the nodes' facts and completes it or takes it back; ${ASK_STATUS}`,
      );
    }
    if (failure instanceof CancelledFailure)
      return unknown(known, "The handover was cancelled and left no report.", ASK_STATUS);
    if (failure instanceof TimeoutFailure)
      return unknown(known, "The handover was ended by Temporal's time limit.", ASK_STATUS);
    if (failure instanceof ApplicationFailure) {
      const verdict = verdictOfType(failure, known);
      if (verdict) return verdict;
    }
  }
  const message = cause instanceof Error ? cause.message : "no reason was given";
  return unknown(known, `The handover ended without a report: ${message}.`, ASK_STATUS);
}

function verdictOfType(failure: ApplicationFailure, known: Known): Verdict | undefined {
  const type = failure.type ?? "";
  if (type === "HANDOVER_IN_PROGRESS") return notStarted(known, failure, EXIT.otherHandover);
  if (type === "BAD_INPUT") return notStarted(known, failure, EXIT.usage);
  if (!type.startsWith(FAILURE_TYPE_PREFIX)) return undefined;
  const outcome = type.slice(FAILURE_TYPE_PREFIX.length).toLowerCase();
  if (!OUTCOMES.has(outcome) || outcome === "done" || outcome === "rehearsed") return undefined;
  const told = outcome as HandoverOutcome;
  const details: unknown = failure.details?.[0];
  const report = isReport(details)
    ? { ...details, outcome: told }
    : { ...skeleton(known), outcome: told, message: failure.message };
  return { report, exitCode: exitCodeOf(told) };
}

/** Refused by the lock or by the input check: this run changed nothing. */
function notStarted(known: Known, failure: ApplicationFailure, exitCode: ExitCode): Verdict {
  return { report: { ...skeleton(known), outcome: "refused", message: failure.message }, exitCode };
}

export function unknown(known: Known, message: string, next: string): Verdict {
  return { report: { ...skeleton(known), outcome: "unknown", message }, exitCode: EXIT.unknown, next };
}

function skeleton({ service, workflowId, runId, last }: Known): HandoverReport {
  return (
    last ?? {
      service,
      workflowId,
      runId,
      kind: "switchover",
      message: "",
      startedAt: new Date().toISOString(),
      steps: [],
      findings: [],
    }
  );
}

function isReport(value: unknown): value is HandoverReport & { outcome: HandoverOutcome } {
  if (typeof value !== "object" || value === null) return false;
  const { outcome, steps, findings, message } = value as Record<string, unknown>;
  return (
    typeof outcome === "string" &&
    OUTCOMES.has(outcome) &&
    Array.isArray(steps) &&
    Array.isArray(findings) &&
    typeof message === "string"
  );
}

function* chain(error: unknown): Generator {
  for (let current = error, depth = 0; current !== undefined && current !== null && depth < 10; depth++) {
    yield current;
    current = (current as { cause?: unknown }).cause;
  }
}
