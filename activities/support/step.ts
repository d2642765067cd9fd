import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from "@temporalio/common";
import { Context } from "@temporalio/activity";
import { UnderstudyError } from "../../model/errors.ts";

/** Often enough that a cancellation arrives within a second (heartbeat replies carry it). */
const HEARTBEAT_MS = 1_000;

/**
 * Runs an activity's body with heartbeats, and turns what it throws into failures that say what happened, where and what to
 * do next. The signal aborts when the activity is cancelled or its workflow has gone.
 */
export async function step<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  // A local activity has no heartbeats: it lives and dies with its workflow task.
  const beat = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await body(context.cancellationSignal);
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw toFailure(error);
  } finally {
    clearInterval(beat);
  }
}

/** An UnderstudyError keeps its words; anything else is a bug, and its message may hold what must not enter history (I10). */
export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure || error instanceof CompleteAsyncError)
    return error;
  if (error instanceof UnderstudyError) {
    return ApplicationFailure.create({
      type: error.id,
      message: error.message,
      nonRetryable: !error.retryable,
      details: [{ what: error.what, next: error.next, node: error.node, ...issuedMark(error) }],
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  const where =
    error instanceof Error
      ? (/^\s+at .*?([\w.-]+\.[jt]s:\d+)/m.exec(error.stack ?? "")?.[1] ?? "unknown place")
      : "unknown place";
  return ApplicationFailure.create({
    type: "INTERNAL",
    message: `Understudy failed inside (${name} at ${where}). Next: please report this with the worker's log.`,
    nonRetryable: false,
    details: [
      { what: `Understudy failed inside (${name} at ${where}).`, next: "Please report this with the worker's log." },
    ],
  });
}

/** Errors that came before a step issued its command: they cannot have taken effect. */
const before = new WeakSet<UnderstudyError>();

/** Runs what comes before a command is issued; its errors say `issued: false`. */
export async function notIssued<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UnderstudyError) before.add(error);
    throw error;
  }
}

function issuedMark(error: UnderstudyError): { issued?: false } {
  return before.has(error) ? { issued: false } : {};
}
