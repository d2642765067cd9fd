import type { ServiceState, SyncInput } from "./contract.ts";

/** A scan takes the stick for some seconds and writes to its flash. */
const LISTEN_EVERY_MS = 3_600_000;

/** Why no sync is made now, as one sentence; undefined where one is. `state` must hold what is in force. */
export function whyNoSync(state: ServiceState, by: SyncInput["by"]): string | undefined {
  if (state.current) return `A handover has been under way since ${state.current.since}.`;
  if (state.unfinished)
    return `A handover from ${state.unfinished.from} to ${state.unfinished.to} ended without a verdict, and has to be recovered first.`;
  if (state.stopped) return `${state.stopped.by} stopped the service${because(state.stopped.reason)}.`;
  if (state.holder === undefined) return "It is not known yet which node serves.";
  if (by !== "person" && state.paused)
    return `${state.paused.by} paused what happens by itself${because(state.paused.reason)}.`;
  return undefined;
}

/** Nothing automatic writes a radio before the service is armed; a person may. */
export function mayWriteRadio(state: ServiceState, by: SyncInput["by"]): boolean {
  return by === "person" || state.mode === "armed";
}

/** Whether a standby's coordinator should listen for the active one again, so that a later silence means something. */
export function isListeningDue(listenedAt: string | undefined, now: Date): boolean {
  const age = now.getTime() - Date.parse(listenedAt ?? "");
  return !(age >= 0 && age < LISTEN_EVERY_MS);
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
