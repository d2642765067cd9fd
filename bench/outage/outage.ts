/** When a device accepted a command, and through which stick. */
export interface Reception {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly dongle: string;
}

/** How long a device that is switched all the time obeyed nobody, and between which moments. */
export interface Outage {
  readonly ms: number;
  /** The last command that it received before, and the first that it received after; milliseconds since 1970. */
  readonly lastBefore: number;
  readonly firstAfter: number;
  /** The stick through which it came. */
  readonly through: string;
}

/** A device that is switched every 50 ms and receives nothing for so long is not served. */
const NOT_SERVED_MS = 500;

/**
 * The outage of a service that moved from one stick to another: from the last command that came through the old one to the
 * first through the new one. Only what was received after `since` counts as coming back. Undefined where either is missing.
 */
export function outageOfMove(
  received: readonly Reception[],
  { since, from, to }: { since: number; from: string; to: string },
): Outage | undefined {
  const first = received.findIndex(({ at, dongle }) => at > since && dongle === to);
  const before = received.slice(0, first).findLast(({ dongle }) => dongle === from);
  const after = received[first];
  return before && after ? between(before, after) : undefined;
}

/**
 * The outage of a service that comes back wherever it may: from the last command before the first pause that is longer than a
 * served device ever knows, and that ended after `since`, to the first one after it. Undefined: there was no such pause, or
 * it has not ended.
 */
export function outageSince(received: readonly Reception[], since: number): Outage | undefined {
  for (const [index, after] of received.entries()) {
    const before = received[index - 1];
    if (before && after.at > since && after.at - before.at > NOT_SERVED_MS) return between(before, after);
  }
  return undefined;
}

/** How many of these moments lie within a second from `at` on. */
export function withinASecond(moments: readonly number[], at: number): number {
  return moments.filter((moment) => moment >= at && moment < at + 1000).length;
}

function between(before: Reception, after: Reception): Outage {
  return {
    ms: Math.round(after.at - before.at),
    lastBefore: before.at,
    firstAfter: after.at,
    through: after.dongle,
  };
}
