import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { orderOf } from "./order.ts";

/** Lets the service act by itself. */
export function arm(context: Context, service: string | undefined): Promise<ExitCode> {
  return orderOf(context, service, { verb: "arm" }, (state) =>
    [
      `${state.service} is armed: a failover or a restart is done without asking.`,
      ...(state.paused ? ["It is paused, so nothing happens yet: understudy resume."] : []),
      ...(state.blocked ? [`Automatic handovers are blocked: ${state.blocked.because}.`] : []),
    ].join("\n"),
  );
}

/** Lets the service watch, and only say what it would have done. */
export function observe(context: Context, service: string | undefined): Promise<ExitCode> {
  return orderOf(
    context,
    service,
    { verb: "observe" },
    (state) =>
      `${state.service} observes: it says what it would have done (understudy status), and does nothing by itself.`,
  );
}

/** Lifts the block that follows an automatic failover. */
export function acknowledge(context: Context, service: string | undefined): Promise<ExitCode> {
  return orderOf(
    context,
    service,
    { verb: "acknowledge" },
    (state) => `Acknowledged: nothing blocks automatic handovers of ${state.service} any more.`,
  );
}
