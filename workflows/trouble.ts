import type { Decision, Evidence } from "../model/evidence.ts";
import type { ServiceState, Trouble } from "./contract.ts";
import type { Past } from "./decision/decide.ts";
import { diagnose, isNotServing } from "./decision/diagnose.ts";
import { expectOutage } from "./expected-outage.ts";
import { inForce } from "./service-control.ts";

const KEPT = 20;

/** How long this trouble lasts and how often in a row the active node was found not to serve. Times in ms since 1970. */
export interface Followed {
  readonly since: number;
  readonly lost?: { readonly since: number; readonly looks: number };
  readonly apartSince?: number;
  readonly restartFailed?: Trouble["restartFailed"];
}

/** One look more, which began then. A look that does not find the active node lost begins the count anew. */
export function followTrouble(
  before: Trouble | undefined,
  evidence: Evidence,
  stopSaid: boolean,
  began: number,
  restartFailed = before?.restartFailed,
): Followed {
  const since = before ? Date.parse(before.since) : began;
  const failed = stillFailed(restartFailed, evidence);
  const { condition } = diagnose(evidence, { stopSaid, ...reasonOf(failed) });
  if (!isNotServing(condition)) return { since, ...failed };
  const lost = before?.lost;
  const apart = before?.apartSince;
  return {
    since,
    ...failed,
    lost: lost ? { since: Date.parse(lost.since), looks: lost.looks + 1 } : { since: began, looks: 1 },
    ...(condition === "host-gone" ? { apartSince: apart === undefined ? began : Date.parse(apart) } : {}),
  };
}

/** What runs, or ran on another node, is no longer down because of that restart. */
function stillFailed(
  restartFailed: Trouble["restartFailed"],
  { active, node }: Evidence,
): Pick<Followed, "restartFailed"> {
  return restartFailed?.node === active && node.process !== "running" ? { restartFailed } : {};
}

function reasonOf({ restartFailed }: Pick<Followed, "restartFailed">): Pick<Past, "restartFailed"> {
  return restartFailed ? { restartFailed: restartFailed.because } : {};
}

/** The trouble as it is kept: what this look found and led to. */
export function troubleOf(
  { since, lost, apartSince, restartFailed }: Followed,
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
    ...(restartFailed ? { restartFailed } : {}),
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
    ...reasonOf(followed),
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

/** Whatever the restart did before it failed: that the service is stopped now is nobody's wish. */
export function noteFailedRestart(state: ServiceState, failed: NonNullable<Trouble["restartFailed"]>): ServiceState {
  return state.trouble ? { ...state, trouble: { ...state.trouble, restartFailed: failed } } : state;
}

export function noteWouldHave(state: ServiceState, decision: Decision, now: number): ServiceState {
  const since = state.trouble ? Date.parse(state.trouble.since) : now;
  const outage = expectOutage(decision.action, Math.max(0, now - since), state.history);
  const latest = { at: new Date(now).toISOString(), decision, outage };
  return { ...state, wouldHave: [latest, ...state.wouldHave].slice(0, KEPT) };
}
