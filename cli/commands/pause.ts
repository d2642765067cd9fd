import { parseDuration } from "../../config/duration.ts";
import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { localTime } from "../words.ts";
import { orderOf } from "./order.ts";

export interface PauseFlags {
  /** A duration such as `2h`. */
  readonly for?: string;
  /** A date and time; without a zone it is this machine's. */
  readonly until?: string;
  readonly reason?: string;
}

/** Maintenance: nothing automatic happens, neither failover nor restart nor rotation. A person's own handovers still do. */
export function pause(context: Context, service: string | undefined, flags: PauseFlags): Promise<ExitCode> {
  const until = endOf(flags, new Date());
  const wish = {
    verb: "pause" as const,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
  };
  return orderOf(
    context,
    service,
    wish,
    (state) =>
      `${state.service} is paused ${until ? `until ${localTime(until)}` : "until `understudy resume`"}: nothing automatic happens${state.unfinished ? ", but that the handover under way is brought to its end" : ""}, your own handovers still do.`,
  );
}

export function resume(context: Context, service: string | undefined): Promise<ExitCode> {
  return orderOf(
    context,
    service,
    { verb: "resume" },
    (state) => `${state.service} is no longer paused; it is ${state.mode === "armed" ? "armed" : "observing"}.`,
  );
}

/** When the pause ends; undefined where it ends by `resume` only. Throws a usage failure for what is no time. */
export function endOf({ for: duration, until }: PauseFlags, now: Date): Date | undefined {
  if (duration !== undefined && until !== undefined)
    throw usageFailure("A pause ends after a time or at a time, not both.", "give --for or --until.");
  if (duration !== undefined) {
    const ms = parseDuration(duration);
    if (ms === undefined || ms === 0)
      throw usageFailure(`${duration} is no length of time.`, "give a whole number and its unit: 30m, 2h, 48h.");
    return new Date(now.getTime() + ms);
  }
  if (until === undefined) return undefined;
  const end = new Date(until);
  if (Number.isNaN(end.getTime()))
    throw usageFailure(`${until} is no date and time.`, "write it as 2026-12-24T18:00, in this machine's time zone.");
  if (end <= now) throw usageFailure("That time has passed.", "give one in the future.");
  return end;
}
