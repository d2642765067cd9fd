import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Control, ServiceState } from "../../workflows/contract.ts";
import {
  applyControl,
  blockAfterFailover,
  blockForQuietTime,
  blockUntilAdopted,
  inForce,
  nextExpiry,
  noteCopy,
  refusalOf,
} from "../../workflows/service-control.ts";
import { ServiceBook } from "../../workflows/service-state.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const fresh: ServiceState = { ...ServiceBook.fresh("zigbee").state, holder: "a", epoch: 4 };
const by = "anna@pi";
const none = { network: 0, linkKeys: 0 };

function after(state: ServiceState, ...controls: Control[]): ServiceState {
  return controls.reduce((so, control) => applyControl(so, control, NOW), state);
}

test("a new service observes until it is armed", () => {
  expect(fresh.mode).toBe("observe");
  const armed = after(fresh, { verb: "arm", by });
  expect(armed.mode).toBe("armed");
  expect(after(armed, { verb: "observe", by }).mode).toBe("observe");
});

test("what would have been done is forgotten when the service is armed", () => {
  const decision = { action: "takeOver", because: "a is lost" } as const;
  const observing = {
    ...fresh,
    wouldHave: [{ at: NOW.toISOString(), decision, outage: { ms: 1_000, basis: "default" as const } }],
  };
  expect(after(observing, { verb: "observe", by }).wouldHave).toHaveLength(1);
  expect(after(observing, { verb: "arm", by }).wouldHave).toEqual([]);
});

describe("a pause", () => {
  test("says by whom, why and until when, and ends by itself", () => {
    const until = later(120).toISOString();
    const paused = after(fresh, { verb: "pause", by, reason: "new SD card", until });
    expect(paused.paused).toEqual({ by, reason: "new SD card", since: NOW.toISOString(), until });
    expect(nextExpiry(paused)).toBe(later(120).getTime());
    expect(inForce(paused, later(119)).paused).toBeDefined();
    expect(inForce(paused, later(120))).toEqual(fresh);
  });

  test("without an end it holds until it is taken back", () => {
    const paused = after(fresh, { verb: "pause", by });
    expect(nextExpiry(paused)).toBeUndefined();
    expect(inForce(paused, later(10_000_000)).paused).toBeDefined();
    expect(after(paused, { verb: "resume", by })).toEqual(fresh);
  });

  test.each([
    ["tomorrow", "ISO 8601"],
    [NOW.toISOString(), "in the future"],
    [later(-1).toISOString(), "in the future"],
  ])("until %s is refused", (until, words) => {
    expect(refusalOf(fresh, { verb: "pause", by, until }, NOW)).toContain(words);
  });
});

describe("a node that is taken out", () => {
  test("stays out until it is taken in again", () => {
    const out = after(fresh, { verb: "standby", by, node: "b", reason: "loud fan" });
    expect(out.offline).toEqual({ b: { by, reason: "loud fan", since: NOW.toISOString() } });
    expect(after(out, { verb: "online", by, node: "b" })).toEqual(fresh);
  });

  test("is never the active one, unless the service is stopped", () => {
    const control = { verb: "standby", by, node: "a" } as const;
    expect(refusalOf(fresh, control, NOW)).toContain("hand zigbee over first");
    expect(refusalOf(after(fresh, { verb: "stopped", by }), control, NOW)).toBeUndefined();
  });
});

test("a service that was stopped has no trouble", () => {
  const decision = { action: "warn", because: "offline" } as const;
  const troubled = { ...fresh, trouble: { since: NOW.toISOString(), at: NOW.toISOString(), decision } };
  const stopped = after(troubled, { verb: "stopped", by });
  expect(stopped.trouble).toBeUndefined();
  expect(stopped.stopped).toMatchObject({ by });
  expect(after(stopped, { verb: "started", by })).toEqual(fresh);
});

describe("after an automatic failover", () => {
  const quietTimeMs = 30 * 60_000;
  const begun = blockForQuietTime(fresh, "a failover began", quietTimeMs, NOW);

  test("others are blocked while it runs and for the quiet time from its end on", () => {
    expect(begun.blocked).toMatchObject({ pending: true });
    const ended = blockAfterFailover(begun, false, later(5));
    expect(inForce(ended, later(34)).blocked).toMatchObject({ because: "a failover began" });
    expect(inForce(ended, later(35)).blocked).toBeUndefined();
  });

  test("one that a person ordered later neither lengthens nor lifts the block", () => {
    const ended = blockAfterFailover(begun, false, later(5));
    expect(blockAfterFailover(ended, false, later(20))).toEqual(ended);
    expect(blockAfterFailover(ended, true, later(20))).toEqual(ended);
  });

  test("acknowledging lifts it", () => {
    expect(after(begun, { verb: "acknowledge", by })).toEqual(fresh);
  });

  test("one that was refused before any change leaves nothing to be quiet about", () => {
    expect(blockAfterFailover(begun, true, later(1))).toEqual(fresh);
  });

  test("one whose verdict is lost blocks all the same", () => {
    expect(inForce(begun, later(29)).blocked).toBeDefined();
  });
});

describe("a service of which the nodes know more", () => {
  const blocked = blockUntilAdopted({ ...fresh, copies: { b: copy() } }, "b knows epoch 9", NOW);
  const adopt = { verb: "adopt", by, holder: "b", epoch: 9, highestCounters: { network: 7000, linkKeys: 70 } } as const;

  test("is blocked without an end, and acknowledging is not enough", () => {
    expect(nextExpiry(blocked)).toBeUndefined();
    expect(refusalOf(blocked, { verb: "acknowledge", by }, NOW)).toContain("understudy adopt zigbee");
  });

  test("is adopted: holder, epoch and counters as the nodes know them; copies are noted anew", () => {
    const adopted = after({ ...blocked, unfinished: { runId: "r", from: "a", to: "b", epoch: 5 } }, adopt);
    expect(adopted).toEqual({ ...fresh, holder: "b", epoch: 9, highestCounters: { network: 7000, linkKeys: 70 } });
  });

  test("is never adopted downwards or during a handover", () => {
    expect(refusalOf(fresh, { ...adopt, epoch: 3 }, NOW)).toContain("below 4");
    const current = { workflowId: "handover:zigbee", runId: "r", since: NOW.toISOString() };
    expect(refusalOf({ ...fresh, current }, adopt, NOW)).toContain("under way");
  });
});

test("a copy is kept by node, the newest word holds", () => {
  const noted = noteCopy(noteCopy(fresh, { node: "b", copy: copy() }), { node: "b", copy: copy(true) });
  expect(noted.copies).toEqual({ b: copy(true) });
});

test("I9: an order that comes twice is an order that came once, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(controls()), controls(), (before, control) => {
      const state = after(fresh, ...before);
      fc.pre(refusalOf(state, control, NOW) === undefined);
      const once = after(state, control);
      expect(after(once, control)).toEqual(once);
    }),
  );
});

test("no order lowers the epoch or a counter, and none but adopt moves the service", () => {
  fc.assert(
    fc.property(fc.array(controls(), { maxLength: 20 }), (given) => {
      let state = fresh;
      for (const control of given) {
        if (refusalOf(state, control, NOW)) continue;
        const next = after(state, control);
        expect(next.epoch).toBeGreaterThanOrEqual(state.epoch);
        expect(next.highestCounters.network).toBeGreaterThanOrEqual(state.highestCounters.network);
        if (control.verb !== "adopt") expect(next.holder).toBe(state.holder);
        state = next;
      }
    }),
  );
});

test("every hold with an end is over at its end, and what has none stays", () => {
  fc.assert(
    fc.property(fc.array(controls(), { maxLength: 20 }), (given) => {
      const state = after(fresh, ...given);
      const expiry = nextExpiry(state);
      if (expiry === undefined) return;
      const left = nextExpiry(inForce(state, new Date(expiry)));
      expect(left === undefined || left > expiry).toBe(true);
    }),
  );
});

function controls(): fc.Arbitrary<Control> {
  const node = fc.constantFrom("a", "b", "c");
  const until = fc.integer({ min: 1, max: 10_000 }).map((minutes) => later(minutes).toISOString());
  return fc.oneof(
    fc.constantFrom("arm", "observe", "resume", "acknowledge", "stopped", "started").map((verb) => ({ verb, by })),
    fc.option(until, { nil: undefined }).map((end) => ({ verb: "pause", by, ...(end ? { until: end } : {}) }) as const),
    fc.tuple(fc.constantFrom("standby", "online"), node).map(([verb, name]) => ({ verb, by, node: name })),
    fc
      .tuple(node, fc.nat(20), fc.nat(9000))
      .map(
        ([holder, epoch, network]) =>
          ({ verb: "adopt", by, holder, epoch, highestCounters: { network, linkKeys: 0 } }) as const,
      ),
  );
}

function copy(preloaded = false) {
  const generation = { id: "g", sha256: "00", bytes: 1, coordinatorIeee: "00124b", counters: none };
  return { generation, at: NOW.toISOString(), preloaded };
}
