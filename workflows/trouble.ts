import type { Decision, Evidence } from "../model/evidence.ts";
import type { ServiceState, Trouble } from "./contract.ts";
import type { Past } from "./decision/decide.ts";
import { diagnose, isNotServing } from "./decision/diagnose.ts";
import { inForce } from "./service-control.ts";

const KEPT = 20;

/** How long this trouble lasts and how often in a row the active node was found not to serve. Times in ms since 1970. */
export interface Followed {
  readonly since: number;
  readonly lost?: { readonly since: number; readonly looks: number };
  readonly apartSince?: number;
}

/** One look more, which began then. A look that does not find the active node lost begins the count anew. */
export function followTrouble(
  before: Trouble | undefined,
  evidence: Evidence,
  stopSaid: boolean,
  began: number,
): Followed {
  const since = before ? Date.parse(before.since) : began;
  const { condition } = diagnose(evidence, stopSaid);
  if (!isNotServing(condition)) return { since };
  const lost = before?.lost;
  const apart = before?.apartSince;
  return {
    since,
    lost: lost ? { since: Date.parse(lost.since), looks: lost.looks + 1 } : { since: began, looks: 1 },
    ...(condition === "host-gone" ? { apartSince: apart === undefined ? began : Date.parse(apart) } : {}),
  };
}

/** The trouble as it is kept: what this look found and led to. */
export function troubleOf(
  { since, lost, apartSince }: Followed,
  decision: Decision,
  now: number,
  heard: { readonly stopSaid?: string | undefined; readonly devicesSilent: boolean },
): Trouble {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    since: iso(since),
    decision,
    at: iso(now),
    ...(lost ? { lost: { since: iso(lost.since), looks: lost.looks } } : {}),
    ...(apartSince === undefined ? {} : { apartSince: iso(apartSince) }),
    ...(heard.stopSaid === undefined ? {} : { stopSaid: heard.stopSaid }),
    ...(heard.devicesSilent ? { thorough: true } : {}),
  };
}

/** A trigger has heard of the active node in between. */
export function notLost({ lost: _lost, apartSince: _apart, ...trouble }: Trouble): Trouble {
  return trouble;
}

/** Whether a stop that was asked for is over, because Understudy itself has stopped or started the service since, or did so then. */
export function isOutdated(stopSaid: string | undefined, { history }: ServiceState): boolean {
  const latest = history.find(
    ({ kind, outcome }) => kind !== "adopt" && kind !== "reinit" && outcome !== "refused" && outcome !== "rehearsed",
  );
  return stopSaid !== undefined && latest !== undefined && Date.parse(stopSaid) <= Date.parse(latest.endedAt);
}

/** What the decision needs of what the service knows. */
export function pastOf(known: ServiceState, followed: Followed, stopSaid: boolean, now: number): Past {
  // What has ended by now holds nothing back, whether or not its end was noticed.
  const state = inForce(known, new Date(now));
  const latest = state.history[0];
  const refused = latest?.kind === "failover" && latest.outcome === "refused" ? latest : undefined;
  const handover = state.history.find(({ outcome }) => outcome !== "refused" && outcome !== "rehearsed");
  return {
    now,
    troubleSince: followed.since,
    ...(followed.lost ? { lost: followed.lost } : {}),
    stopSaid,
    restarts: state.restarts.map((at) => Date.parse(at)),
    ...(handover ? { lastHandoverAt: Date.parse(handover.endedAt) } : {}),
    ...(refused ? { refused: { at: Date.parse(refused.endedAt), because: refused.message } } : {}),
    ...heldBy(state),
    ...(state.blocked
      ? { blocked: { because: state.blocked.because, all: state.blocked.needsAdoption === true } }
      : {}),
    offline: Object.keys(state.offline),
  };
}

function heldBy({ stopped, paused }: ServiceState): { held?: string } {
  const why = (reason: string | undefined) => (reason ? ` (${reason})` : "");
  if (stopped) return { held: `the service was stopped by ${stopped.by}${why(stopped.reason)}` };
  if (paused) return { held: `paused by ${paused.by}${why(paused.reason)}` };
  return {};
}

export function noteRestart(state: ServiceState, now: number): ServiceState {
  return { ...state, restarts: [new Date(now).toISOString(), ...state.restarts].slice(0, KEPT) };
}

export function noteWouldHave(state: ServiceState, decision: Decision, now: number): ServiceState {
  const latest = { at: new Date(now).toISOString(), decision };
  return { ...state, wouldHave: [latest, ...state.wouldHave].slice(0, KEPT) };
}
