import { expect, test } from "vitest";
import type { GenerationSummary, Manifest } from "../../generations/generation.ts";
import { countersOfLive } from "../../generations/live-counters.ts";

const HOUR = 3_600_000;
const THEN = new Date("2026-11-21T03:00:00Z");

function summary(network: number): GenerationSummary {
  return { frameCounters: { network, linkKeys: 0 } } as GenerationSummary;
}

function earlier(network: number, framesPerSecond = 1): Manifest {
  return {
    createdAt: THEN.toISOString(),
    live: { countersAt: THEN.toISOString(), framesPerSecond },
    summary: summary(network),
  } as Manifest;
}

test("I3: the rate is measured between two readings, and doubled", () => {
  const readAt = new Date(THEN.getTime() + HOUR);
  expect(countersOfLive({ summary: summary(5_000 + 7_200), previous: earlier(5_000), readAt })).toEqual({
    countersAt: readAt.toISOString(),
    framesPerSecond: 4,
  });
});

test("I3: a quiet home is never taken for one that sends nothing", () => {
  const readAt = new Date(THEN.getTime() + HOUR);
  const { framesPerSecond } = countersOfLive({ summary: summary(5_010), previous: earlier(5_000), readAt });
  expect(framesPerSecond).toBe(1);
});

test("a start of Zigbee2MQTT between two readings in quick succession is no rate", () => {
  const readAt = new Date(THEN.getTime() + 60_000);
  const { framesPerSecond } = countersOfLive({ summary: summary(6_250), previous: earlier(5_000, 2), readAt });
  expect(framesPerSecond).toBe(2);
});

test("I3: without a new reading the counters are as old as those before", () => {
  const live = countersOfLive({ summary: summary(5_000), previous: earlier(5_000, 3), readAt: undefined });
  expect(live).toEqual({ countersAt: THEN.toISOString(), framesPerSecond: 3 });
});
