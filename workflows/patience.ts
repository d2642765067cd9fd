/** Between two tries to prove a lost node off, in ms. */
const TRY_AGAIN_MS = { first: 60_000, most: 12 * 3_600_000 };
/** A wait becomes longer by no more than this part of what it has lasted. */
const LONGER_BY = 1 / 8;

/**
 * How long to wait until the next try, in ms, from one minute to twelve hours, after so long a wait in all. Every try writes some 25
 * events into the run's history, of which Temporal keeps 51,200, and a person may be on a journey: in proportion to the wait,
 * they last for more than two years.
 */
export function untilNextTry(waitedMs: number): number {
  return Math.min(Math.max(waitedMs * LONGER_BY, TRY_AGAIN_MS.first), TRY_AGAIN_MS.most);
}
