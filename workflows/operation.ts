import type { NodeFacts } from "./activity-types.ts";
import type { ServiceState } from "./contract.ts";

/** Where an operation on the service is carried out, or why it is not. */
export type Place =
  | { readonly node: string }
  | { readonly node?: undefined; readonly because: string; readonly next: string };

/**
 * The node on which the service is stopped, started or restarted: always the one that holds it, never another (that is a
 * handover). Pure.
 */
export function placeOf(
  operation: "stop" | "start" | "restart",
  state: Pick<ServiceState, "service" | "holder" | "blocked">,
  facts: readonly NodeFacts[],
): Place {
  const { service, holder } = state;
  if (holder === undefined) {
    return {
      because: `which node holds ${service} is not known${state.blocked ? `: ${state.blocked.because}` : ""}`,
      next: `let the nodes tell: understudy adopt ${service}.`,
    };
  }
  const elsewhere = facts.filter(({ node, running }) => node !== holder && running === true).map(({ node }) => node);
  if (elsewhere.length > 0) {
    return {
      because: `${service} runs on ${elsewhere.join(" and ")}, and ${holder} should be the one that runs it`,
      next: `find out who started it there; if it shall stay: understudy adopt ${service} --holder ${elsewhere[0] ?? ""}.`,
    };
  }
  const facing = facts.find(({ node }) => node === holder);
  if (!facing) {
    return {
      because: `understudy.yaml no longer names ${holder}`,
      next: `say who holds it: understudy adopt ${service}.`,
    };
  }
  if (!facing.reachable) {
    return {
      because: `${holder} cannot be reached${facing.detail ? ` (${facing.detail.replace(/[.]$/, "")})` : ""}`,
      next:
        operation === "start"
          ? `bring ${holder} back, or let another node take over: understudy failover ${service}.`
          : `bring ${holder} back and try again.`,
    };
  }
  return { node: holder };
}

/** The standby whose copy is thrown away: one that is known to be none that serves. Pure. */
export function standbyOf(
  name: string | undefined,
  state: Pick<ServiceState, "service" | "holder">,
  facts: readonly NodeFacts[],
): Place {
  const standby = facts.find(({ node }) => node === name);
  if (!standby) {
    const names = facts.map(({ node }) => node).filter((node) => node !== state.holder);
    return { because: `${state.service} has no node ${name ?? ""}`, next: `name one of: ${names.join(", ")}.` };
  }
  const { node, running, reachable } = standby;
  if (node === state.holder || running === true)
    return { because: `${node} serves, so what it holds is the service itself`, next: "name a standby." };
  if (!reachable || running === "unknown")
    return {
      because: `${node} cannot be asked whether it runs the service`,
      next: `bring ${node} back and try again.`,
    };
  return { node };
}
