import { expect, test } from "vitest";
import { judgeCounters } from "../../../activities/preflight/counters.ts";
import { HIGHEST_COUNTER } from "../../../coordinators/frame-counters.ts";

test("counters of an ordinary network pass", () => {
  expect(judgeCounters({ network: 3_000_000_000, linkKeys: 5_000 })).toMatchObject({ ok: true });
});

test("I3: a counter near its end is refused, whichever it is, with what to do", () => {
  for (const highest of [
    { network: HIGHEST_COUNTER - 9_000_000, linkKeys: 0 },
    { network: 0, linkKeys: HIGHEST_COUNTER + 5 },
  ]) {
    expect(judgeCounters(highest)).toMatchObject({
      check: "counters",
      ok: false,
      next: expect.stringContaining("network's key") as string,
    });
  }
});
