import { expect, test } from "vitest";
import { judgeRuns } from "./history.ts";
import type { RunRecord, Verdict } from "./history.ts";

const VERDICT: Verdict = {
  outcome: "done",
  kind: "switchover",
  message: "zigbee runs on b.",
  next: undefined,
  from: "a",
  to: "b",
};
const RUN: RunRecord = {
  runId: "1",
  type: "switchover",
  status: "COMPLETED",
  from: Date.parse("2026-11-21T03:31:00Z"),
  to: Date.parse("2026-11-21T03:32:00Z"),
  activities: ["openHandover", "announceHandover", "stopNode"],
  events: 40,
  verdict: VERDICT,
  secrets: [],
};
const NAME = "the switchover of 2026-11-21T03:31:00.000Z";

test("a handover that gave its verdict", () => {
  expect(judgeRuns([RUN])).toEqual([]);
});

test("I7: no verdict, an outcome that is none, no words", () => {
  expect(judgeRuns([{ ...RUN, verdict: undefined }])).toEqual([`I7: ${NAME} ended as COMPLETED without a verdict`]);
  expect(judgeRuns([{ ...RUN, verdict: { ...VERDICT, outcome: "fine" } }])).toEqual([
    `I7: ${NAME} ended as "fine", which is no outcome`,
  ]);
  expect(judgeRuns([{ ...RUN, verdict: { ...VERDICT, outcome: "failed", message: " " } }])).toEqual([
    `I7: ${NAME} says failed, and not why`,
  ]);
});

test("I9: one that was terminated after it had begun needs another that brings it to an end", () => {
  const terminated: RunRecord = { ...RUN, status: "TERMINATED", verdict: undefined };
  expect(judgeRuns([terminated])).toEqual([
    `I9: ${NAME} was ended from outside (TERMINATED) after it had begun, and nobody brought it to an end`,
  ]);
  const recovery: RunRecord = { ...RUN, runId: "2", from: RUN.to ?? 0, to: (RUN.to ?? 0) + 1000 };
  expect(judgeRuns([terminated, recovery])).toEqual([]);
  expect(judgeRuns([{ ...terminated, activities: ["openHandover", "preflight"] }])).toEqual([]);
});

test("two at a time, and a secret in a history", () => {
  const second: RunRecord = { ...RUN, runId: "2", from: RUN.from + 1000 };
  expect(judgeRuns([RUN, second])).toEqual([`the lock: ${NAME} ran beside the next one`]);
  expect(judgeRuns([{ ...RUN, secrets: ["network key as hex"] }])).toEqual([
    `I10: the history of ${NAME} holds the network key as hex`,
  ]);
});
