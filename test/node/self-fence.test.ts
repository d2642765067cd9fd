import { assert, integer, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { cutOffSince, guardOf } from "../../activities/fence/fenced-itself.ts";
import { inWords, parseNodeSide } from "../../node/facts.ts";
import { SELF_FENCE_MARGIN_MS, selfFenceHolds } from "../../node/self-fence.ts";
import type { ServiceState, Trouble } from "../../workflows/contract.ts";

const NOW = Date.parse("2026-11-21T03:00:00Z");
const iso = (ms: number) => new Date(ms).toISOString();
const guard = (agoMs: number, afterMs = 60_000) => ({ afterMs, seenAt: iso(NOW - agoMs) });

describe("what may be concluded from a node's self-fence", () => {
  it("holds when its time and a margin have passed since the last contact of anybody", () => {
    expect(selfFenceHolds(guard(300_000), NOW - 120_000, NOW)).toBe(true);
    expect(selfFenceHolds(guard(300_000), NOW - 119_999, NOW)).toBe(false);
  });

  it.each([
    ["it was never seen at work", undefined],
    ["it was seen too long ago", guard(120_000 + 31 * 60_000)],
    ["it was seen after the contact was lost, which cannot be", guard(60_000)],
    ["when it was seen is not known", { afterMs: 60_000, seenAt: "?" }],
  ])("does not hold where %s", (_case, seen) => {
    expect(selfFenceHolds(seen, NOW - 120_000, NOW)).toBe(false);
  });

  it("never holds before its time, whatever was seen when", () => {
    assert(
      property(integer({ min: 1_000, max: 600_000 }), nat(7_200_000), nat(7_200_000), (after, seen, cut) => {
        const holds = selfFenceHolds(guard(seen, after), NOW - cut, NOW);
        return !holds || cut >= after + SELF_FENCE_MARGIN_MS;
      }),
    );
  });

  const copy = (at: number, afterMs?: number, node = "a") => ({
    at: iso(at),
    preloaded: true,
    ...(afterMs === undefined ? {} : { guard: { node, afterMs } }),
  });
  const state = (parts: object) => ({ holder: "a", copies: {}, ...parts }) as unknown as ServiceState;

  it("is known from the newest copy, of the node that holds the service", () => {
    const copies = { b: copy(NOW - 9_000, 60_000), c: copy(NOW - 5_000, 90_000) };
    expect(guardOf(state({ copies }), "a")).toEqual({ afterMs: 90_000, seenAt: iso(NOW - 5_000) });
    expect(guardOf(state({ copies }), "b")).toBeUndefined();
    expect(guardOf(state({ copies: { b: copy(NOW - 9_000, 60_000), c: copy(NOW) } }), "a")).toBeUndefined();
    expect(guardOf(state({}), "a")).toBeUndefined();
    // From before the last handover.
    expect(guardOf(state({ copies: { b: copy(NOW, 60_000, "c") } }), "a")).toBeUndefined();
  });

  it("is counted from the looks without a gap, or from now", () => {
    const trouble = (parts: Partial<Trouble>) => state({ trouble: { at: iso(NOW - 5_000), ...parts } });
    expect(cutOffSince(trouble({ apartSince: iso(NOW - 40_000) }), NOW)).toBe(NOW - 40_000);
    expect(cutOffSince(trouble({}), NOW)).toBe(NOW);
    expect(cutOffSince(trouble({ apartSince: iso(NOW - 900_000), at: iso(NOW - 120_000) }), NOW)).toBe(NOW);
    expect(cutOffSince(state({}), NOW)).toBe(NOW);
  });
});

describe("what a node notes of itself", () => {
  const printed = (boot: string) =>
    [
      "now boot=boot-2",
      "now uptime=1000.21",
      "standing-by since=2026-11-21T02:00:00Z",
      `standing-by boot=${boot}`,
      "standing-by radio=silent",
      "standing-by reason=it has booted since it was granted to serve (epoch 7)",
      "acted-alone at=2026-11-21T01:00:00Z",
      "acted-alone boot=boot-1",
      "acted-alone epoch=8",
      "acted-alone why=a person on this node ordered it: x=y",
      "gate installed=yes",
      `guard boot=${boot}`,
      "guard after=60",
      "guard uptime=990",
    ].join("\n");

  it("is read with all its words", () => {
    expect(parseNodeSide(printed("boot-2"))).toEqual({
      gate: true,
      standingBy: {
        since: "2026-11-21T02:00:00Z",
        reason: "it has booted since it was granted to serve (epoch 7)",
        radio: "silent",
      },
      actedAlone: { at: "2026-11-21T01:00:00Z", epoch: 8, why: "a person on this node ordered it: x=y" },
      guardMs: 60_000,
    });
  });

  it("counts for its own boot only; that it acted alone stays worth knowing", () => {
    const side = parseNodeSide(printed("boot-1"));
    expect(Object.keys(side).toSorted()).toEqual(["actedAlone", "gate"]);
    expect(inWords(side)).toBe(
      "it acted alone at 2026-11-21T01:00:00Z, epoch 8: a person on this node ordered it: x=y",
    );
  });

  it("a guard that has not looked for a minute counts for nothing", () => {
    expect(parseNodeSide(printed("boot-2").replace("uptime=990", "uptime=900")).guardMs).toBeUndefined();
  });

  it("is nothing where nothing is set up", () => {
    expect(parseNodeSide("now boot=boot-2\n")).toEqual({ gate: false });
    expect(parseNodeSide("")).toEqual({ gate: false });
    expect(inWords({ gate: false })).toBeUndefined();
  });
});
