import type { Copy, Finding } from "../../workflows/contract.ts";
import { refused } from "../preflight/check.ts";

export interface Candidates {
  readonly from?: string;
  /** In the order of preference. */
  readonly names: readonly string[];
  readonly findings: readonly Finding[];
}

/** Who may take over from whom. The freshest copy first, then the order of understudy.yaml. Pure. */
export function chooseCandidates(
  all: readonly string[],
  wish: {
    from?: string | undefined;
    to?: string | undefined;
    offline: readonly string[];
    copies: Readonly<Record<string, Copy>>;
  },
): Candidates {
  const { to, offline, copies } = wish;
  const no = (node: string | undefined, what: string, next: string): Candidates => ({
    names: [],
    findings: [refused("roles", node, what, next)],
  });
  if (to !== undefined && !all.includes(to)) {
    return no(to, `understudy.yaml has no node ${to} for this service.`, `Name one of ${all.join(", ")}.`);
  }
  const others = all.filter((name) => name !== to);
  const from = wish.from ?? (to !== undefined && others.length === 1 ? others[0] : undefined);
  if (from === undefined) {
    return no(
      undefined,
      "It is not known which node served last, so it cannot be proven off.",
      "Let the nodes tell (understudy adopt), or name the node that shall take over with --to where there are two.",
    );
  }
  if (!all.includes(from)) {
    return no(
      from,
      `The service was last served by ${from}, which understudy.yaml no longer names, so it cannot be proven off.`,
      "Put the node back into understudy.yaml, or let the nodes tell who serves: understudy adopt.",
    );
  }
  if (to === from) {
    return no(to, `${to} is the node that served last.`, "Name another one, or leave --to out.");
  }
  if (to !== undefined && offline.includes(to)) {
    return no(to, `${to} was taken out by a person.`, `Bring it back first: understudy online ${to}.`);
  }
  const names = (to === undefined ? all : [to]).filter((name) => name !== from && !offline.includes(name));
  if (names.length === 0) return no(undefined, "There is no other node that could take over.", "Bring one back.");
  const freshness = (name: string) => Date.parse(copies[name]?.at ?? "") || 0;
  return { from, names: names.toSorted((a, b) => freshness(b) - freshness(a)), findings: [] };
}
