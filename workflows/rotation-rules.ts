import type { ServiceState } from "./contract.ts";

/** Why the rotation does not hand over now, as one sentence; undefined where it may. `state` must hold what is in force. */
export function whyNoRotation(state: ServiceState): string | undefined {
  const { current, unfinished, paused, stopped, blocked, mode } = state;
  if (mode !== "armed") return "The service only observes: understudy arm lets it hand over by itself.";
  if (paused) return `${paused.by} paused what happens by itself${because(paused.reason)}.`;
  if (stopped) return `${stopped.by} stopped the service${because(stopped.reason)}.`;
  if (blocked) return `Automatic handovers are blocked: ${blocked.because}`;
  if (current) return `A handover has been under way since ${current.since}.`;
  if (unfinished)
    return `A handover from ${unfinished.from} to ${unfinished.to} ended without a verdict, and has to be recovered first.`;
  if (state.holder === undefined) return "It is not known which node serves.";
  return undefined;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
