import type { Finding } from "../../workflows/contract.ts";
import { passed, refused } from "./check.ts";

export interface RunningNode {
  readonly name: string;
  /** Undefined where it could not be found out. */
  readonly running: boolean | undefined;
}

export interface RoleChoice {
  readonly from?: string;
  readonly to?: string;
  readonly findings: readonly Finding[];
}

/** Who is active and who shall become it, from what runs where. Pure. */
export function chooseRoles(
  nodes: readonly RunningNode[],
  wish: { all: readonly string[]; to?: string; holder?: string; takenOut?: readonly string[] },
): RoleChoice {
  const { to, holder, all, takenOut = [] } = wish;
  if (to !== undefined && !all.includes(to)) {
    return {
      findings: [
        refused("roles", to, `understudy.yaml has no node ${to} for this service.`, `Name one of ${all.join(", ")}.`),
      ],
    };
  }
  if (to !== undefined && takenOut.includes(to)) {
    return {
      findings: [
        refused("roles", to, `${to} was taken out by a person.`, `Take it in again first: understudy online ${to}.`),
      ],
    };
  }
  const running = nodes.filter((node) => node.running === true).map((node) => node.name);
  if (running.length > 1) {
    return {
      findings: [
        refused(
          "one-active",
          undefined,
          `The service runs on ${running.join(" and ")} at the same time: two coordinators of one network may be on the air.`,
          `Stop it at once on the node that should not run it${holder ? ` (${holder} is the one that should)` : ""}, and find out what started it.`,
        ),
      ],
    };
  }
  const [from] = running;
  if (from === undefined) {
    const asked = new Set(nodes.filter((node) => node.running !== undefined).map((node) => node.name));
    const unasked = all.filter((name) => !asked.has(name));
    return {
      findings: [
        unasked.length > 0
          ? refused(
              "one-active",
              undefined,
              `The service runs on no node that could be asked, and ${unasked.join(", ")} could not be.`,
              `Find out what runs on ${unasked.join(" and ")}, and start nothing before: it may be serving.`,
            )
          : refused(
              "one-active",
              undefined,
              "The service runs on no node, so there is nothing to hand over.",
              `Start it on ${holder ?? "the node that ran it last"}, then try again.`,
            ),
      ],
    };
  }
  if (to === from) {
    return {
      from,
      findings: [refused("roles", to, `${to} is the active node already.`, "Name another one, or leave --to out.")],
    };
  }
  const standby =
    to ?? nodes.find(({ name, running: runs }) => name !== from && runs === false && !takenOut.includes(name))?.name;
  if (standby === undefined) {
    return {
      from,
      findings: [
        refused(
          "roles",
          undefined,
          "There is no standby that could take over.",
          takenOut.length > 0
            ? `Take a node in again: understudy online ${takenOut[0] ?? ""}.`
            : "Bring another node of the service back.",
        ),
      ],
    };
  }
  return { from, to: standby, findings: [passed("one-active", from, "the service runs here and nowhere else")] };
}
