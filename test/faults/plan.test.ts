import { describe, expect, test } from "vitest";
import { faultClasses } from "./classes/index.ts";
import { planRun } from "./plan.ts";
import { randomFrom } from "./random.ts";

const RUNS = Array.from({ length: 200 }, (_, index) => index + 1);

describe.each(["local", "namespaces"] as const)("the plans of a seed on %s hosts", (hosts) => {
  const classes = faultClasses(hosts);
  const wordsOf = (seed: string) => RUNS.map((run) => planRun(seed, run, classes).words);

  test("are the same each time", () => {
    expect(wordsOf("7")).toEqual(wordsOf("7"));
  });

  test("are others than another seed's", () => {
    expect(wordsOf("7")).not.toEqual(wordsOf("8"));
  });

  test("hit every class at least five times in 200 runs", () => {
    const hit = RUNS.map((run) => planRun("7", run, classes).faultClass.name);
    for (const { name } of classes)
      expect(hit.filter((other) => other === name).length, name).toBeGreaterThanOrEqual(5);
  });

  test("hold every kind of order, with a home that is armed and one that is not", () => {
    const plans = RUNS.map((run) => planRun("7", run, classes));
    expect(new Set(plans.map(({ kind }) => kind))).toEqual(new Set(["switchover", "failover", "rehearsal", "nothing"]));
    expect(new Set(plans.map(({ armed }) => armed))).toEqual(new Set([true, false]));
  });
});

test("random numbers are spread, and both ends are reached", () => {
  const random = randomFrom("spread");
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < 4000; draw++) {
    const number = random.between(0, 3);
    counts[number] = (counts[number] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(850);
});
