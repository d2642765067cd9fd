import { expect, test } from "vitest";
import { chooseCandidates } from "../../../activities/fitness/candidates.ts";
import type { Copy } from "../../../workflows/contract.ts";

const ALL = ["a", "b", "c"];

function copyOf(at: string): Copy {
  const generation = {
    id: "20261121T031500Z-e1-a1b2c3",
    sha256: "00",
    bytes: 1,
    coordinatorIeee: "0x00124b0000000001",
    counters: { network: 1, linkKeys: 1 },
  };
  return { generation, at, preloaded: true };
}

const nothing = { offline: [], copies: {} };

test("every other node may take over, the one with the freshest copy first", () => {
  const copies = { b: copyOf("2026-11-21T03:00:00Z"), c: copyOf("2026-11-21T03:05:00Z") };
  expect(chooseCandidates(ALL, { ...nothing, from: "a", copies })).toEqual({
    from: "a",
    names: ["c", "b"],
    findings: [],
  });
});

test("a node that a person took out never takes over, not even when it is named", () => {
  expect(chooseCandidates(ALL, { ...nothing, from: "a", offline: ["b"] }).names).toEqual(["c"]);
  const named = chooseCandidates(ALL, { ...nothing, from: "a", to: "b", offline: ["b"] });
  expect(named).toMatchObject({
    names: [],
    findings: [{ ok: false, node: "b", next: expect.stringContaining("online b") }],
  });
});

test("I1: where nobody knows who served last, there is nobody to be proven off", () => {
  expect(chooseCandidates(ALL, { ...nothing, to: "b" })).toMatchObject({ names: [], findings: [{ ok: false }] });
  expect(chooseCandidates(["a", "b"], nothing)).toMatchObject({ names: [], findings: [{ ok: false }] });
  // With two nodes the other one it must be.
  expect(chooseCandidates(["a", "b"], { ...nothing, to: "b" })).toMatchObject({ from: "a", names: ["b"] });
});

test.each([
  ["an unknown node", { from: "a", to: "x" }, /no node x/],
  ["the node that served last", { from: "a", to: "a" }, /served last/],
  ["from a node that is no longer in the file", { from: "x" }, /no longer names/],
])("%s is refused", (_case, wish, what) => {
  expect(chooseCandidates(ALL, { ...nothing, ...wish })).toMatchObject({
    names: [],
    findings: [{ check: "roles", ok: false, what: expect.stringMatching(what) }],
  });
});
