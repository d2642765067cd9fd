import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure, isCancellation } from "@temporalio/workflow";

/** What a failed step says, in the form of the report. */
export interface StepFailure {
  readonly id: string;
  readonly node?: string;
  readonly what: string;
  readonly next: string;
  /** False only where the activity says that it never issued its command. */
  readonly issued: boolean;
}

interface Details {
  readonly what?: unknown;
  readonly next?: unknown;
  readonly node?: unknown;
  readonly issued?: unknown;
}

/** Unwraps what an activity threw; remote and local activities differ in their wrapping. */
export function describeFailure(error: unknown): StepFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (isCancellation(error) || cause instanceof CancelledFailure) {
    return { id: "CANCELLED", what: "The handover was cancelled.", next: "Nothing, if that was meant; else start it again.", issued: true };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      id: "STEP_TIMED_OUT",
      what: "The step did not end in time, or its worker went away and no other took over.",
      next: "See whether a worker runs (`understudy status`) and what its log says.",
      issued: true,
    };
  }
  if (cause instanceof ApplicationFailure) {
    const details = (cause.details?.[0] ?? {}) as Details;
    return {
      id: cause.type ?? "INTERNAL",
      ...(typeof details.node === "string" ? { node: details.node } : {}),
      what: typeof details.what === "string" ? details.what : cause.message,
      next: typeof details.next === "string" ? details.next : "See the worker's log.",
      issued: details.issued !== false,
    };
  }
  return { id: "INTERNAL", what: error instanceof Error ? error.message : String(error), next: "See the worker's log.", issued: true };
}
