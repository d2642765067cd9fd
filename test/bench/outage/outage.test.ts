import { describe, expect, test } from "vitest";
import { outageOfMove, outageSince, withinASecond } from "../../../bench/outage/outage.ts";

/** A command every 50 ms through a stick, between two moments. */
function commands(dongle: string, from: number, until: number) {
  return Array.from({ length: Math.ceil((until - from) / 50) }, (_, index) => ({ at: from + index * 50, dongle }));
}

describe("a service that moves to another stick", () => {
  const received = [...commands("a", 0, 1000), ...commands("b", 3000, 4000)];

  test("was out from the last command through the old stick to the first through the new one", () => {
    expect(outageOfMove(received, { since: 500, from: "a", to: "b" })).toEqual({
      ms: 2050,
      lastBefore: 950,
      firstAfter: 3000,
      through: "b",
    });
  });

  test("has not come back before a command comes through the new stick", () => {
    expect(outageOfMove(commands("a", 0, 1000), { since: 500, from: "a", to: "b" })).toBeUndefined();
    expect(outageOfMove(received, { since: 5000, from: "a", to: "b" })).toBeUndefined();
  });

  test("what came through the new stick in an earlier handover does not count", () => {
    const back = [...commands("b", 0, 500), ...commands("a", 1000, 2000), ...commands("b", 3000, 3100)];
    expect(outageOfMove(back, { since: 1500, from: "a", to: "b" })?.ms).toBe(1050);
  });
});

describe("a service that comes back wherever it may", () => {
  test("was out for the first long pause that ended after the order", () => {
    const received = [...commands("a", 0, 1000), ...commands("a", 2000, 3000), ...commands("a", 4000, 4100)];
    expect(outageSince(received, 1500)).toMatchObject({ ms: 1050, lastBefore: 950, firstAfter: 2000 });
    expect(outageSince(received, 2500)).toMatchObject({ ms: 1050, lastBefore: 2950, firstAfter: 4000 });
  });

  test("a command that is somewhat late is no outage", () => {
    expect(outageSince([...commands("a", 0, 1000), ...commands("a", 1300, 2000)], 500)).toBeUndefined();
  });
});

test("a second begins with its first moment and ends before the next second's", () => {
  expect(withinASecond([99, 100, 1099, 1100], 100)).toBe(2);
});
