import type { Decision } from "../../model/evidence.ts";
import type { Hold, ServiceState } from "../../workflows/contract.ts";
import { ago, duration, localTime, plain } from "../words.ts";

/** What holds for a service beside its handovers, a sentence each: what it does by itself, and what keeps it from that. */
export function standingOf(state: ServiceState, now: Date): readonly string[] {
  return [
    ...modeOf(state, now),
    ...(state.paused ? [`paused${heldBy(state.paused, now)}: nothing automatic happens (understudy resume)`] : []),
    ...(state.stopped ? [`stopped${heldBy(state.stopped, now)} (understudy service start)`] : []),
    ...Object.entries(state.offline).map(
      ([node, hold]) => `${node} taken out${heldBy(hold, now)} (understudy online ${node})`,
    ),
    ...(state.holder !== undefined && state.blocked ? [blockedBecause(state.blocked)] : []),
    ...(state.trouble
      ? [`trouble since ${localTime(new Date(state.trouble.since))}: ${plain(state.trouble.decision.because)}`]
      : []),
    ...restartsOf(state.restarts, now),
  ];
}

function modeOf(state: ServiceState, now: Date): readonly string[] {
  if (state.mode === "armed") return ["armed: it restarts and takes over by itself"];
  const [last] = state.wouldHave;
  return [
    "observes only, and does nothing by itself (understudy arm)",
    ...(last ? [wouldHave(last.decision, new Date(last.at), expectedOutage(state), now)] : []),
  ];
}

function wouldHave({ action, because }: Decision, at: Date, outage: string, now: Date): string {
  const what = action === "restart" ? "restarted the service" : "failed over";
  return `would have ${what} at ${localTime(at)} (${ago(at, now)}) because ${plain(because).replace(/[.]$/, "")}${outage}`;
}

/** As the last handover that was measured; the user's own home is the best guess there is. */
function expectedOutage({ history }: ServiceState): string {
  const measured = history.find((past) => past.outcome === "done" && past.outageMs !== undefined)?.outageMs;
  return measured === undefined ? "" : `; expected outage about ${duration(measured)}, as the last handover's`;
}

/** ` by anna@pi since 5 min ago, until 2026-…: new SD card` */
function heldBy({ by, since, until, reason }: Hold, now: Date): string {
  const end = until === undefined ? "" : `, until ${localTime(new Date(until))}`;
  return ` by ${plain(by)} ${ago(new Date(since), now)}${end}${reason === undefined ? "" : ` (${plain(reason)})`}`;
}

function blockedBecause({ because, until, needsAdoption }: NonNullable<ServiceState["blocked"]>): string {
  const end = until === undefined ? "" : ` until ${localTime(new Date(until))}`;
  const lift = needsAdoption ? "understudy adopt" : "understudy acknowledge";
  return `automatic handovers blocked${end} because ${plain(because).replace(/[.]$/, "")} (${lift})`;
}

function restartsOf(restarts: readonly string[], now: Date): readonly string[] {
  const [last] = restarts;
  if (last === undefined) return [];
  return [
    `restarted where it was ${restarts.length === 1 ? "once" : `${restarts.length} times`}, last ${ago(new Date(last), now)}`,
  ];
}
