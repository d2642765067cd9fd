import { NO_COUNTERS, highestOf } from "../model/frame-counters.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { NodeFacts } from "./activity-types.ts";
import type { ServiceState } from "./contract.ts";

/** A controller that wrote on a node within this time may still be at work. */
export const FOREIGN_MARK_MS = 10 * 60_000;

/** What the nodes tell about a service of which Temporal knows nothing, or less than they do. */
export type Adoption =
  | { readonly holder: string; readonly epoch: number; readonly highestCounters: FrameCounters }
  | { readonly holder?: undefined; readonly because: string; readonly next: string };

/**
 * Who holds the service, by what the nodes say, without a person's word: only where exactly one node is proven to serve, all
 * others are proven not to, and no other controller is at work on them.
 */
export function adoptByFacts(facts: readonly NodeFacts[]): Adoption {
  const busy = otherController(facts);
  if (busy) return busy;
  const unasked = facts.filter((node) => !isKnown(node));
  if (unasked.length > 0) {
    return {
      because: `${namesOf(unasked)} cannot be asked${detailOf(unasked)}`,
      next: "bring it back, or say who serves: understudy adopt --holder NODE.",
    };
  }
  const running = facts.filter((node) => node.running === true);
  const [only] = running;
  if (!only) {
    return {
      because: "the service runs on no node",
      next: "say which node shall run it (understudy adopt --holder NODE), then start it: understudy service start.",
    };
  }
  if (running.length > 1) return twoRun(running);
  const epoch = highestEpoch(facts);
  // Where no handover ever was there is no grant to look for.
  if (epoch > 0 && only.grantedEpoch !== epoch) {
    return {
      because: `${only.node} runs the service without the grant of epoch ${epoch}, the highest that the nodes know`,
      next: `see who started it there; if it shall serve: understudy adopt --holder ${only.node}.`,
    };
  }
  return found(only.node, facts);
}

/** The same with a person's word for the holder: nodes that cannot be asked no longer stand in the way, a node that runs does. */
export function adoptByWord(holder: string, facts: readonly NodeFacts[]): Adoption {
  if (!facts.some(({ node }) => node === holder)) {
    return {
      because: `the service has no node ${holder}`,
      next: `name one of ${facts.map(({ node }) => node).join(", ")}.`,
    };
  }
  const others = facts.filter(({ node, running }) => node !== holder && running === true);
  if (others.length > 0) {
    return {
      because: `${namesOf(others)} runs the service`,
      next: `stop it there and silence its coordinator, or name ${others.length === 1 ? namesOf(others) : "one of them"} as the holder.`,
    };
  }
  return found(holder, facts);
}

/** Whether the nodes know of a later handover than Temporal's database does: it was restored from an older one. */
export function knowMore(state: ServiceState, facts: readonly NodeFacts[]): string | undefined {
  const epoch = highestEpoch(facts);
  if (state.current || state.unfinished || epoch <= state.epoch) return undefined;
  const node = facts.find((candidate) => candidate.epoch === epoch)?.node ?? "a node";
  return `${node} knows epoch ${epoch}, Temporal's database only ${state.epoch}: it is older than the last handover`;
}

function found(holder: string, facts: readonly NodeFacts[]): Adoption {
  const highestCounters = facts.reduce((highest, { counters }) => highestOf(highest, counters), NO_COUNTERS);
  return { holder, epoch: highestEpoch(facts), highestCounters };
}

function otherController(facts: readonly NodeFacts[]): Adoption | undefined {
  const marked = facts.find(({ otherController: mark }) => mark && mark.ageMs < FOREIGN_MARK_MS);
  if (!marked) return undefined;
  return {
    because: `another controller worked on ${marked.node} within the last ${FOREIGN_MARK_MS / 60_000} minutes`,
    next: "end it if it still runs; it is looked at again by itself. If its database was lost: understudy adopt --holder NODE.",
  };
}

function twoRun(running: readonly NodeFacts[]): Adoption {
  return {
    because: `${namesOf(running)} run the service at the same time`,
    next: "stop it at once on the one that should not, and silence its coordinator.",
  };
}

function isKnown({ reachable, running }: NodeFacts): boolean {
  return reachable && running !== "unknown";
}

function highestEpoch(facts: readonly NodeFacts[]): number {
  return Math.max(0, ...facts.map(({ epoch }) => epoch));
}

function namesOf(facts: readonly NodeFacts[]): string {
  return facts.map(({ node }) => node).join(" and ");
}

function detailOf(facts: readonly NodeFacts[]): string {
  const detail = facts.find((node) => node.detail !== undefined)?.detail;
  return detail === undefined ? "" : ` (${detail.replace(/[.]$/, "")})`;
}
