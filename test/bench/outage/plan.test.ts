import { expect, test } from "vitest";
import { planFrom } from "../../../bench/outage/plan.ts";

test("without options: everything at 50 devices, restart and switchover at 12 and 150, written to docs", () => {
  expect(planFrom([], true)).toMatchObject({
    rounds: [
      { devices: 50, runs: { a: 5, b: 5, c: 5, d: 5, e: 3 } },
      { devices: 12, runs: { a: 3, d: 3 } },
      { devices: 150, runs: { a: 3, d: 3 } },
    ],
    hosts: "namespaces",
    timing: "full",
    out: "docs",
  });
});

test("a taste is 12 devices and everything once, and replaces no record", () => {
  expect(planFrom(["--quick"], false)).toMatchObject({
    rounds: [{ devices: 12, runs: { a: 1, b: 1, c: 1, d: 1, e: 1 } }],
    hosts: "local",
    out: undefined,
  });
});

test("parts, sizes, faults and numbers of runs can be chosen", () => {
  const plan = planFrom(["--only", "a,e", "--devices", "20", "--runs", "2", "--fault", "donglePulled"], true);
  expect(plan).toMatchObject({
    rounds: [{ devices: 20, runs: { a: 2, e: 2 } }],
    faults: ["donglePulled"],
    out: undefined,
  });
  expect(Object.keys(plan?.rounds[0]?.runs ?? {})).toEqual(["a", "e"]);
});

test("what is not understood is said", () => {
  expect(() => planFrom(["--only", "a,x"], true)).toThrow("x is none of a, b, c, d, e.");
  expect(() => planFrom(["--devices", "none"], true)).toThrow("none is no number of devices or runs.");
  expect(planFrom(["--help"], true)).toBeUndefined();
});
