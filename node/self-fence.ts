/**
 * From its contacts being lost to the node's radio being silent: a look at the contacts (10 s and 3 s for each), the stop of
 * the service (15 s, 5 s more where its manager hangs, then its process is killed), and the reset of the stick, twice
 * (programs/self-fence.sh, programs/service.sh).
 */
export const SELF_FENCE_MARGIN_MS = 60_000;

/** A guard that was seen longer ago before the node was lost may have ended meanwhile. */
const SEEN_WITHIN_MS = 30 * 60_000;

/** What a controller has last seen of a node's guard, in the boot in which that node serves. */
export interface GuardSeen {
  readonly afterMs: number;
  /** ISO 8601, by the controller's clock. */
  readonly seenAt: string;
}

/**
 * Whether a node that nobody can reach must have fenced itself by now: its guard was seen shortly before, and the time after
 * which it acts has passed, with a margin, since the last contact of anybody with it: controller, peers, broker. Pure.
 *
 * A host that is frozen fences nothing. So this counts only together with a scan that hears nothing.
 * @param unreachableSince ms since 1970: later than the last contact
 */
export function selfFenceHolds(guard: GuardSeen | undefined, unreachableSince: number, now: number): boolean {
  if (!guard) return false;
  const seenAt = Date.parse(guard.seenAt);
  if (!(seenAt <= unreachableSince && unreachableSince - seenAt <= SEEN_WITHIN_MS)) return false;
  return now - unreachableSince >= guard.afterMs + SELF_FENCE_MARGIN_MS;
}
