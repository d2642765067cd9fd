import { expect, test } from "vitest";
import { breakdownOf } from "../../../bench/outage/breakdown.ts";
import { documentOf } from "../../../bench/outage/document.ts";
import { plotOf } from "../../../bench/outage/plot.ts";
import { complaintOf, summarise } from "../../../bench/outage/report.ts";
import type { Measurement } from "../../../bench/outage/result.ts";

const RUN: Measurement = {
  part: "a",
  devices: 50,
  ms: 14_000,
  from: 1_000,
  steps: [],
  seen: [],
  firstSecond: { published: 20, received: 20 },
  rejoined: 0,
  doubleActiveMs: 0,
  counterViolations: 0,
};
const about = { date: "2026-11-21", machine: "2 cores", hosts: "hosts in namespaces" };

test("medians and ratios are of the homes that were asked for, and what was not measured is null", () => {
  const runs: Measurement[] = [
    ...[13_000, 14_000, 20_000].map((ms) => ({ ...RUN, ms })),
    ...[2_000, 2_800, 2_200].map((ms) => ({ ...RUN, part: "d" as const, ms })),
    { ...RUN, part: "b", ms: 70_000, doubleActiveMs: 1_900 },
    { ...RUN, part: "e", fault: "processKilled", ms: 4_000 },
    { ...RUN, part: "d", devices: 12, ms: 1_000 },
    { ...RUN, part: "d", devices: 150, ms: 1_200 },
  ];
  expect(summarise(runs, 50, { skipped: [], failed: [] })).toMatchObject({
    devices: 50,
    restartMs: 14_000,
    prototypeMs: 70_000,
    zigpyMs: null,
    switchoverMs: 2_200,
    failoverMs: { processKilled: 4_000, donglePulled: null },
    ratios: { switchoverToPrototype: 0.031, switchoverToRestart: 0.157, of150To12Devices: 1.2 },
    rejoined: 0,
    doubleActiveMs: 0,
    prototype: { doubleActiveMs: 1_900 },
  });
});

test("two coordinators on the air are held against Understudy's runs, and told of the prototype's", () => {
  expect(complaintOf({ ...RUN, part: "d", doubleActiveMs: 3 })).toContain("3 ms of two coordinators on the air");
  expect(complaintOf({ ...RUN, part: "e", rejoined: 1 })).toContain("1 devices joined again");
  expect(complaintOf({ ...RUN, part: "b", doubleActiveMs: 3 })).toBeUndefined();
  expect(complaintOf(RUN)).toBeUndefined();
});

test("the breakdown has each step where the runs had it in the middle, and names what came again", () => {
  const run = (ms: number): Measurement => ({
    ...RUN,
    steps: [
      { name: "stop", node: "old", startedAt: 1_000 + ms, ms },
      { name: "start", node: "new", startedAt: 9_000, ms: 50 },
    ],
    seen: [
      { what: "port opened", node: "new", at: 9_100 },
      { what: "port opened", node: "new", at: 9_200 },
    ],
  });
  expect(breakdownOf([run(10), run(30), run(20)], 50).map(({ what, fromMs, ms }) => [fromMs, ms, what])).toEqual([
    [20, 20, "stop, old node"],
    [8_000, 50, "start, new node"],
    [8_100, undefined, "port opened, new node"],
    [8_200, undefined, "port opened, new node (2)"],
    [14_000, undefined, "the light obeys"],
  ]);
});

test("document and plot show what was measured and leave out what was not", () => {
  const runs = [
    { ...RUN, steps: [{ name: "stop & wait", node: "old" as const, startedAt: 1_100, ms: 12_000 }] },
    { ...RUN, part: "d" as const, ms: 2_200 },
  ];
  const summary = summarise(runs, 50, { skipped: ["failover: firmware hung"], failed: [] });
  const breakdown = breakdownOf(runs, 50);

  const document = documentOf(summary, breakdown, about);
  expect(document).toContain("| switchover, driver zstack | 2.20 s |");
  expect(document).toContain("| the prototype's procedure | not measured |");
  expect(document).toContain("| switchover / restart in place | 0.157 | ≤ 0.25 |");
  expect(document).toContain("Not measured: failover: firmware hung.");
  expect(document).toContain("| 100 | 12000 | stop & wait, old node |");

  const plot = plotOf(summary, breakdown);
  expect(plot).toContain("<title>stop &amp; wait, old node: 12000 ms</title>");
  expect(plot).toContain(">14.0 s</text>");
  expect(plot).not.toContain("prototype");
});
