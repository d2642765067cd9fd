import { highestOf } from "../model/frame-counters.ts";
import type { Control, Copy, FenceTest, Hold, ServiceState } from "./contract.ts";

/**
 * What a person may order of a service, as pure rules. An order is judged first (`refusalOf`, which an update's validator
 * calls before anything is recorded) and carried out afterwards (`applyControl`). Orders that change nothing are no error:
 * each may come twice.
 */

/** A ladder has at most 8 rungs; what was tested of earlier ladders is forgotten in time. */
const KEPT_FENCE_TESTS = 16;

/** Why this order is not carried out, in a sentence with what to do instead; undefined where it is. */
export function refusalOf(state: ServiceState, control: Control, now: Date): string | undefined {
  switch (control.verb) {
    case "pause":
      return control.until === undefined ? undefined : untilRefusal(control.until, now);
    case "standby":
      return state.holder === control.node && !state.stopped
        ? `${control.node} is the active node: hand ${state.service} over first (understudy switchover), then take it out.`
        : undefined;
    case "acknowledge":
      return state.blocked?.needsAdoption
        ? `${state.blocked.because}. That is not acknowledged but mended: understudy adopt ${state.service}.`
        : undefined;
    case "adopt":
      if (state.current) return "a handover is under way: adopt when it has ended.";
      return control.epoch < state.epoch
        ? `epoch ${control.epoch} is below ${state.epoch}, which ${state.service} has reached already.`
        : undefined;
    case "arm":
    case "observe":
    case "resume":
    case "stopped":
    case "started":
    case "online":
    case "forgetCopy":
    case "fenceTested":
      return undefined;
  }
}

/** The state after an order that was not refused. */
export function applyControl(state: ServiceState, control: Control, now: Date): ServiceState {
  const hold = (until?: string): Hold => ({
    by: control.by,
    ...(control.reason === undefined ? {} : { reason: control.reason }),
    since: now.toISOString(),
    ...(until === undefined ? {} : { until }),
  });
  switch (control.verb) {
    case "arm":
      return { ...state, mode: "armed", wouldHave: [] };
    case "observe":
      return { ...state, mode: "observe" };
    case "pause":
      return { ...state, paused: hold(control.until) };
    case "resume":
      return without(state, "paused");
    case "stopped":
      return without({ ...state, stopped: hold() }, "trouble");
    case "started":
      return noLongerStopped(state);
    case "standby":
      return { ...state, offline: { ...state.offline, [control.node]: hold() } };
    case "online": {
      const { [control.node]: _back, ...offline } = state.offline;
      return { ...state, offline };
    }
    case "forgetCopy": {
      const { [control.node]: _thrownAway, ...copies } = state.copies;
      return { ...state, copies };
    }
    case "acknowledge":
      return without(state, "blocked");
    case "fenceTested":
      return withFenceTests(state, control, now);
    case "adopt":
      return adopted(state, control);
  }
}

/** Who holds the service and what the nodes know, in place of what the state knew: a lost or old database is made good. */
export function adopted(
  state: ServiceState,
  found: Pick<ServiceState, "epoch" | "highestCounters"> & { readonly holder: string },
): ServiceState {
  const { unfinished: _superseded, ...rest } = state.blocked?.needsAdoption ? without(state, "blocked") : state;
  return {
    ...withHolder(rest, found.holder),
    // They were noted by another memory than the nodes'; the next sync notes them again.
    copies: {},
    epoch: Math.max(state.epoch, found.epoch),
    highestCounters: highestOf(state.highestCounters, found.highestCounters),
  };
}

/** Another node serves now, if one is given: the trouble that was followed was that of the node before it. */
export function withHolder(state: ServiceState, holder: string | undefined): ServiceState {
  if (holder === undefined || holder === state.holder) return state;
  return { ...without(state, "trouble"), holder };
}

/** A rung's latest test stands for it. */
function withFenceTests(
  state: ServiceState,
  { node, mappings, by }: Extract<Control, { verb: "fenceTested" }>,
  now: Date,
): ServiceState {
  const tests: FenceTest[] = mappings.map((mapping) => ({ mapping, at: now.toISOString(), by }));
  const others = (state.fenceTests?.[node] ?? []).filter(({ mapping }) => !mappings.includes(mapping));
  return { ...state, fenceTests: { ...state.fenceTests, [node]: [...tests, ...others].slice(0, KEPT_FENCE_TESTS) } };
}

/** The service is meant to run. */
export function noLongerStopped(state: ServiceState): ServiceState {
  return without(state, "stopped");
}

/** What a sync found on a standby or made there. A look has no lock: what it found before a handover is not true after it. */
export function noteCopy(state: ServiceState, { node, copy, ifEpoch }: NotedCopy): ServiceState {
  if (ifEpoch !== undefined && (state.current !== undefined || state.epoch !== ifEpoch)) return state;
  return { ...state, copies: { ...state.copies, [node]: copy } };
}

export interface NotedCopy {
  readonly node: string;
  readonly copy: Copy;
  /** Only while the service is at this epoch, and no handover is under way. */
  readonly ifEpoch?: number;
}

/**
 * An automatic failover is about to begin: no other one follows it until a person has looked, or the quiet time has passed.
 * It is noted before the start, so that a failover which is lost blocks as well.
 */
export function blockForQuietTime(state: ServiceState, because: string, quietTimeMs: number, now: Date): ServiceState {
  return { ...state, blocked: { ...quietTime(because, quietTimeMs, now), pending: true } };
}

/** The quiet time counts from the end of the failover; one that was refused before any change leaves nothing to be quiet about. */
export function blockAfterFailover(state: ServiceState, refused: boolean, now: Date): ServiceState {
  const { blocked } = state;
  if (!blocked?.pending || blocked.until === undefined) return state;
  if (refused) return without(state, "blocked");
  const quietTimeMs = Date.parse(blocked.until) - Date.parse(blocked.since);
  return { ...state, blocked: quietTime(blocked.because, quietTimeMs, now) };
}

function quietTime(because: string, quietTimeMs: number, now: Date): NonNullable<ServiceState["blocked"]> {
  return { because, since: now.toISOString(), until: new Date(now.getTime() + quietTimeMs).toISOString() };
}

/** Only the nodes can tell who serves under which epoch, and they have not done so. */
export function blockUntilAdopted(state: ServiceState, because: string, now: Date): ServiceState {
  const since = state.blocked?.needsAdoption ? state.blocked.since : now.toISOString();
  return { ...state, blocked: { because, since, needsAdoption: true } };
}

/** The state without the holds and blocks whose time has passed. Whoever decides something compares, and does not rely on a timer. */
export function inForce(state: ServiceState, now: Date): ServiceState {
  let left = state;
  if (isOver(state.paused, now)) left = without(left, "paused");
  if (isOver(state.stopped, now)) left = without(left, "stopped");
  // The quiet time begins with the end of the failover, which may wait for a person for longer than that.
  const isAwaited = state.blocked?.pending === true && state.current !== undefined;
  if (!isAwaited && isOver(state.blocked, now)) left = without(left, "blocked");
  const offline = Object.entries(state.offline).filter(([, hold]) => !isOver(hold, now));
  if (offline.length === Object.keys(state.offline).length) return left;
  return { ...left, offline: Object.fromEntries(offline) };
}

/** The nodes that a person has taken out by now: never chosen to serve. */
export function takenOutOf(state: ServiceState): readonly string[] {
  return Object.keys(inForce(state, new Date()).offline);
}

/** When the next hold or block ends, in ms since 1970; undefined where none does by itself. */
export function nextExpiry(state: ServiceState): number | undefined {
  const ends = [state.paused, state.stopped, state.blocked, ...Object.values(state.offline)]
    .map((hold) => hold?.until)
    .filter((until) => until !== undefined)
    .map((until) => Date.parse(until));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

function isOver(hold: { readonly until?: string } | undefined, now: Date): boolean {
  return hold?.until !== undefined && Date.parse(hold.until) <= now.getTime();
}

function untilRefusal(until: string, now: Date): string | undefined {
  const end = Date.parse(until);
  if (Number.isNaN(end)) return "the end of a pause must be an ISO 8601 time, such as 2026-12-24T18:00:00Z.";
  return end <= now.getTime() ? "the end of a pause must lie in the future." : undefined;
}

function without(state: ServiceState, key: "paused" | "stopped" | "blocked" | "trouble"): ServiceState {
  if (state[key] === undefined) return state;
  const { [key]: _dropped, ...rest } = state;
  return rest;
}
