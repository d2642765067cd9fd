import { describe, expect, test } from "vitest";
import { NO_COUNTERS } from "../../model/frame-counters.ts";
import type { NodeFacts } from "../../workflows/activity-types.ts";
import { decideRecovery } from "../../workflows/recovery.ts";

const unfinished = { runId: "r1", from: "a", to: "b", epoch: 7 };

function node(name: string, facts: Partial<NodeFacts> = {}): NodeFacts {
  return {
    node: name,
    reachable: true,
    running: false,
    epoch: 6,
    coordinatorDirty: false,
    counters: NO_COUNTERS,
    ...facts,
  };
}

describe("a restart where the service is", () => {
  const restart = { runId: "r1", from: "a", to: "a", epoch: 7 };
  test.each<[string, NodeFacts[], string]>([
    ["it runs", [node("a", { running: true, epoch: 7 }), node("b")], "settled"],
    ["it does not run, whether or not the start was issued", [node("a", { epoch: 7 }), node("b")], "return"],
    ["it cannot be asked", [node("a", { reachable: false, running: "unknown" }), node("b")], "unknown"],
    ["another node runs it", [node("a"), node("b", { running: true })], "unknown"],
  ])("%s", (_case, facts, action) => {
    expect(decideRecovery(restart, facts).action).toBe(action);
  });
});

describe("decideRecovery", () => {
  test.each<[string, NodeFacts[], string]>([
    ["the old node still runs", [node("a", { running: true }), node("b")], "settled"],
    [
      "the old node still runs and the new one is away",
      [node("a", { running: true }), node("b", { reachable: false, running: "unknown" })],
      "settled",
    ],
    ["the new node runs", [node("a"), node("b", { running: true, epoch: 7 })], "complete"],
    [
      "the new node runs and the old one is away",
      [node("a", { reachable: false, running: "unknown" }), node("b", { running: true, epoch: 7 })],
      "complete",
    ],
    ["none runs, the new node was granted the epoch", [node("a"), node("b", { epoch: 7 })], "complete"],
    ["none runs, the new node was never granted", [node("a"), node("b")], "return"],
    [
      "none runs, the old node was already granted a newer epoch on the way back",
      [node("a", { epoch: 8 }), node("b", { epoch: 7 })],
      "return",
    ],
    // It may serve by a way back that nobody told: its radio must not get company (I1).
    [
      "none runs, the new node was granted the epoch and the old one cannot be asked",
      [node("a", { reachable: false, running: "unknown", epoch: 0 }), node("b", { epoch: 7 })],
      "unknown",
    ],
    ["both run", [node("a", { running: true }), node("b", { running: true, epoch: 7 })], "unknown"],
    ["a third node runs", [node("a"), node("b"), node("c", { running: true })], "unknown"],
    ["the new node cannot be asked", [node("a"), node("b", { reachable: false, running: "unknown" })], "unknown"],
    [
      "the old node cannot be asked and the new one was never granted",
      [node("a", { reachable: false, running: "unknown" }), node("b")],
      "unknown",
    ],
    ["a node has left the configuration", [node("a")], "unknown"],
  ])("%s", (_case, facts, action) => {
    const decision = decideRecovery(unfinished, facts);
    expect(decision.action).toBe(action);
    expect(decision.because).not.toBe("");
  });
});
