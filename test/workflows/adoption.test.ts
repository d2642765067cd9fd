import { describe, expect, test } from "vitest";
import type { NodeFacts } from "../../workflows/activity-types.ts";
import { FOREIGN_MARK_MS, adoptByFacts, adoptByWord, knowMore } from "../../workflows/adoption.ts";
import { placeOf } from "../../workflows/operation.ts";
import { ServiceBook } from "../../workflows/service-state.ts";

function node(name: string, values: Partial<NodeFacts> = {}): NodeFacts {
  return {
    node: name,
    reachable: true,
    running: false,
    epoch: 7,
    coordinatorDirty: false,
    counters: { network: 4000, linkKeys: 40 },
    ...values,
  };
}
const active = (name: string, values: Partial<NodeFacts> = {}) =>
  node(name, { running: true, grantedEpoch: 7, ...values });
const lost = (name: string) =>
  node(name, { reachable: false, running: "unknown", epoch: 0, detail: "It does not answer." });

describe("with an empty database", () => {
  test("a service is adopted by itself where one node is proven active and all others are proven inactive", () => {
    const facts = [active("a", { counters: { network: 9000, linkKeys: 10 } }), node("b")];
    expect(adoptByFacts(facts)).toEqual({
      holder: "a",
      epoch: 7,
      highestCounters: { network: 9000, linkKeys: 40 },
    });
  });

  test("before the first handover there is no grant to ask for", () => {
    const facts = [node("a", { epoch: 0 }), node("b", { running: true, epoch: 0 })];
    expect(adoptByFacts(facts)).toMatchObject({ holder: "b", epoch: 0 });
  });

  test.each([
    ["a node cannot be asked", [active("a"), lost("b")], "b cannot be asked (It does not answer)"],
    ["what a node does is not known", [active("a"), node("b", { running: "unknown" })], "b cannot be asked"],
    ["nothing runs", [node("a"), node("b")], "runs on no node"],
    ["two run", [active("a"), active("b")], "a and b run the service at the same time"],
    ["the active one has no grant", [node("a", { running: true }), node("b")], "without the grant of epoch 7"],
    ["a peer knows a higher epoch", [active("a"), node("b", { epoch: 8 })], "without the grant of epoch 8"],
    ["another controller was there", [active("a"), node("b", { otherController: { ageMs: 1_000 } })], "worked on b"],
    ["its mark is from the future", [active("a", { otherController: { ageMs: -5_000 } }), node("b")], "worked on a"],
  ])("nothing is adopted where %s", (_case, facts, words) => {
    const adoption = adoptByFacts(facts);
    expect(adoption.holder).toBeUndefined();
    expect(adoption).toMatchObject({ because: expect.stringContaining(words), next: expect.any(String) });
  });

  test("another controller that has been silent for long enough is no obstacle", () => {
    const facts = [active("a", { otherController: { ageMs: FOREIGN_MARK_MS } }), node("b")];
    expect(adoptByFacts(facts)).toMatchObject({ holder: "a" });
  });
});

describe("by a person's word", () => {
  test("what cannot be asked, and another controller, no longer stand in the way", () => {
    const facts = [node("a", { otherController: { ageMs: 0 } }), lost("b")];
    expect(adoptByWord("a", facts)).toMatchObject({ holder: "a", epoch: 7 });
    expect(adoptByWord("b", facts)).toMatchObject({ holder: "b", epoch: 7 });
  });

  test("another node that is seen to run does", () => {
    expect(adoptByWord("b", [active("a"), node("b")])).toMatchObject({ because: "a runs the service" });
  });

  test("a node that the service does not have is refused", () => {
    expect(adoptByWord("c", [active("a"), node("b")])).toMatchObject({ because: "the service has no node c" });
  });
});

describe("a restored database", () => {
  const state = { ...ServiceBook.fresh("zigbee").state, holder: "a", epoch: 6 };

  test("is noticed by the epochs that the nodes know", () => {
    expect(knowMore(state, [node("a", { epoch: 6 }), node("b")])).toContain("b knows epoch 7");
    expect(knowMore({ ...state, epoch: 7 }, [active("a"), node("b")])).toBeUndefined();
  });

  test("is none while a handover is under way or unfinished", () => {
    const current = { workflowId: "w", runId: "r", since: "2026-01-01T00:00:00Z" };
    expect(knowMore({ ...state, current }, [active("a")])).toBeUndefined();
    expect(
      knowMore({ ...state, unfinished: { runId: "r", from: "a", to: "b", epoch: 6 } }, [active("a")]),
    ).toBeUndefined();
  });
});

describe("stop, start and restart", () => {
  const state = { service: "zigbee", holder: "a" };

  test("happen on the node that holds the service, even where another cannot be asked", () => {
    expect(placeOf("restart", state, [active("a"), lost("b")])).toEqual({ node: "a" });
    expect(placeOf("start", state, [node("a"), node("b")])).toEqual({ node: "a" });
  });

  test.each([
    ["the holder is not known", { service: "zigbee" }, [active("a")], "is not known"],
    ["another node runs it", state, [node("a"), active("b")], "runs on b"],
    ["the holder cannot be reached", state, [lost("a"), node("b")], "a cannot be reached"],
    ["the holder is no longer configured", state, [node("b")], "no longer names a"],
  ])("are refused where %s", (_case, known, facts, words) => {
    const place = placeOf("start", known, facts);
    expect(place.node).toBeUndefined();
    expect(place).toMatchObject({ because: expect.stringContaining(words), next: expect.any(String) });
  });
});
