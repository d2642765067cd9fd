import type { ExpectedOutage, Hold, ServiceState, WouldHave } from "../../workflows/contract.ts";
import { ago, localTime, plain, roughly } from "../words.ts";

/** What holds for a service beside its handovers, a sentence each: what it does by itself, and what keeps it from that. */
export function standingOf(state: ServiceState, now: Date): readonly string[] {
  return [
    ...modeOf(state, now),
    ...(state.paused ? [pausedBy(state, state.paused, now)] : []),
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

/** What was begun is brought to its end all the same: until then nobody may be serving. */
function pausedBy({ unfinished }: ServiceState, hold: Hold, now: Date): string {
  const but = unfinished
    ? `, but that the handover from ${unfinished.from} to ${unfinished.to} is brought to its end, since until then nobody may be serving`
    : "";
  return `paused${heldBy(hold, now)}: nothing automatic happens${but} (understudy resume)`;
}

function modeOf(state: ServiceState, now: Date): readonly string[] {
  if (state.mode === "armed") return ["armed: it restarts and takes over by itself"];
  const [last] = state.wouldHave;
  return ["observes only, and does nothing by itself (understudy arm)", ...(last ? [wouldHave(last, now)] : [])];
}

function wouldHave({ decision, at, outage }: WouldHave, now: Date): string {
  const what = decision.action === "restart" ? "restarted the service" : "failed over";
  const when = new Date(at);
  const because = plain(decision.because).replace(/[.]$/, "");
  return `would have ${what} at ${localTime(when)} (${ago(when, now)}) because ${because}; expected outage about ${roughly(outage.ms)} (an estimate: ${BASIS[outage.basis]})`;
}

const BASIS: Readonly<Record<ExpectedOutage["basis"], string>> = {
  failovers: "as failovers took here",
  switchovers: "as planned switchovers took here, without the fencing",
  restarts: "as restarts took here",
  default: "none was measured here yet",
};

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
