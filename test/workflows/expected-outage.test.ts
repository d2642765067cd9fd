import { expect, test } from "vitest";
import type { HandoverSummary } from "../../workflows/contract.ts";
import { expectOutage } from "../../workflows/expected-outage.ts";

const WAITED_MS = 14_000;

function past(kind: HandoverSummary["kind"], seconds?: number, outcome: HandoverSummary["outcome"] = "done") {
  const at = "2026-11-21T12:00:00Z";
  const measured = seconds === undefined ? {} : { outageMs: seconds * 1000 };
  return { runId: "r", kind, outcome, message: "m", startedAt: at, endedAt: at, ...measured };
}

test.each([
  ["nothing was ever measured", "takeOver", [], { ms: 74_000, basis: "default" }],
  ["nothing was ever measured", "restart", [], { ms: 34_000, basis: "default" }],
  ["a failover was", "takeOver", [past("failover", 66)], { ms: 66_000, basis: "failovers" }],
  [
    "a failover counts above newer switchovers",
    "takeOver",
    [past("switchover", 9), past("failover", 66)],
    { ms: 66_000, basis: "failovers" },
  ],
  [
    "only switchovers were: the wait comes first",
    "takeOver",
    [past("switchover", 12)],
    { ms: 26_000, basis: "switchovers" },
  ],
  ["restarts by hand were", "restart", [past("failover", 66), past("restart", 8)], { ms: 22_000, basis: "restarts" }],
  ["handovers say nothing of a restart", "restart", [past("failover", 66)], { ms: 34_000, basis: "default" }],
  [
    "the middle one of the newest three",
    "takeOver",
    [60, 3_600, 70, 20].map((s) => past("failover", s)),
    { ms: 70_000, basis: "failovers" },
  ],
  ["of two the longer", "takeOver", [60, 70].map((s) => past("failover", s)), { ms: 70_000, basis: "failovers" }],
  [
    "what did not succeed, or was not measured",
    "takeOver",
    [past("failover", 66, "failed"), past("failover")],
    { ms: 74_000, basis: "default" },
  ],
  [
    "a failover that was over before this one is decided",
    "takeOver",
    [past("failover", 14)],
    { ms: 74_000, basis: "default" },
  ],
] as const)("%s: %s", (_what, action, history, expected) => {
  expect(expectOutage(action, WAITED_MS, history)).toEqual(expected);
});
