import type { Air } from "../../../lab/air/air.ts";
import type { Home } from "../../../lab/home/home.ts";

/** Judges I1 and I3 by what the air and the devices saw since it was asked last. */
export class AirAudit {
  readonly #home: Home;
  #intervals = 0;
  #violations = 0;
  #dropped = 0;
  #rejoined = 0;

  constructor(home: Home) {
    this.#home = home;
  }

  /** Violations in words. Each is told once. */
  audit(): string[] {
    const { air } = this.#home;
    const facts = this.#home.facts();
    const found: string[] = [];
    for (const { coordinators, from, to } of air.intervals.slice(this.#intervals)) {
      const lasted = to === undefined ? "and still are" : `for ${Math.ceil(to - from)} ms`;
      found.push(`I1: ${coordinators.join(" and ")} were on the air together ${lasted}, from ${at(from)}`);
    }
    found.push(...counterViolations(air, this.#violations));
    if (facts.droppedReplays > this.#dropped)
      found.push(`I3: devices dropped ${facts.droppedReplays - this.#dropped} frames whose counter they had seen`);
    if (facts.rejoined > this.#rejoined)
      found.push(`the mesh: ${facts.rejoined - this.#rejoined} joins, rejoins or interviews`);
    this.#intervals = air.intervals.length;
    this.#violations = air.counterViolations.length;
    this.#dropped = facts.droppedReplays;
    this.#rejoined = facts.rejoined;
    return found;
  }
}

function counterViolations(air: Air, seenBefore: number): string[] {
  const added = air.counterViolations.slice(seenBefore);
  const [first] = added;
  if (!first) return [];
  const { layer, station, counter, highest, highestStation } = first;
  const more = added.length > 1 ? `, and ${added.length - 1} more` : "";
  return [`I3: ${station} sent ${layer} counter ${counter} after ${highestStation}'s ${highest}${more}`];
}

function at(time: number): string {
  return new Date(time).toISOString();
}
