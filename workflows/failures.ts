import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  isCancellation,
} from "@temporalio/workflow";

/** What a failed step says, in the form of the report. */
export interface StepFailure {
  readonly id: string;
  readonly node?: string;
  readonly what: string;
  readonly next: string;
  /** False only where the command was certainly never issued: the activity says so, or it was never scheduled. */
  readonly issued: boolean;
  /** Whether the same step may succeed when it is simply tried again. */
  readonly retryable: boolean;
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
    return {
      id: "CANCELLED",
      what: "The handover was cancelled.",
      next: "Nothing, if that was meant; else start it again.",
      // Without an ActivityFailure around it, the cancellation came before the activity was scheduled.
      issued: !(error instanceof CancelledFailure),
      retryable: false,
    };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      id: "STEP_TIMED_OUT",
      what: "The step did not end in time, or its worker went away and no other took over.",
      next: "See whether a worker runs (`understudy status`) and what its log says.",
      issued: true,
      retryable: true,
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
      retryable: cause.nonRetryable !== true,
    };
  }
  return {
    id: "INTERNAL",
    what: error instanceof Error ? error.message : String(error),
    next: "See the worker's log.",
    issued: true,
    retryable: false,
  };
}

const UNSEEN: readonly string[] = ["HOST_UNREACHABLE", "BROKER_UNREACHABLE", "OUTCOME_UNKNOWN", "STEP_TIMED_OUT"];

/** Whether the failure says that something could not be seen, and nothing of how it is (I7, I8). */
export function isUnseen(failure: StepFailure): boolean {
  return UNSEEN.includes(failure.id);
}
