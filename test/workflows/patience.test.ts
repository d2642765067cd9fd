import { afterAll, beforeAll, expect, test } from "vitest";
import { TRY_AGAIN_SIGNAL } from "../../workflows/contract.ts";
import { untilNextTry } from "../../workflows/patience.ts";
import { beginPlay, eventually, makeGround, verdict } from "./harness.ts";
import type { Ground, Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import { HEARD, NOT_OFF } from "./scripted-emergency.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** As many events Temporal keeps of one run; then it ends it. */
const MOST_EVENTS = 51_200;

let ground: Ground;
let play: Play;
beforeAll(async () => {
  ground = await makeGround();
  play = await beginPlay(ground);
}, 60_000);
afterAll(async () => {
  await play?.end();
  await ground?.temporal.stop();
});

/** How often it is tried in so long a wait. */
function tries(waitMs: number): number {
  let count = 0;
  for (let waited = 0; waited < waitMs; waited += untilNextTry(waited)) count += 1;
  return count;
}

test("it is tried often in the first minutes, and never left alone for more than an eighth of the wait, or half a day", () => {
  expect(tries(10 * MINUTE_MS)).toBeGreaterThanOrEqual(9);
  expect(tries(DAY_MS)).toBeGreaterThan(40);
  for (const waited of [0, MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 365 * DAY_MS]) {
    expect(untilNextTry(waited)).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(untilNextTry(waited)).toBeLessThanOrEqual(Math.max(MINUTE_MS, Math.min(waited / 8, DAY_MS / 2)));
  }
});

test("a failover that waits for a person for a year stays below half of what Temporal keeps of a run", async () => {
  const { home } = play;
  await play.startService();
  home.emergency.fence = NOT_OFF;
  home.emergency.listening = HEARD;
  // The dearest try: a node that runs, and does not serve.
  home.fail.set("proveNode a", stepFailure("DEVICES_SILENT", "a"));
  const handle = await play.failover();
  await play.waiting();
  const listened = () => home.calls.filter((call) => call === "listenForActive b").length;
  const events = async () => (await handle.describe()).historyLength;

  const before = await events();
  const seen: number[] = [];
  for (let round = 2; round <= 4; round++) {
    // A person has pulled the plug, say, and does not wait until it is tried again by itself.
    await handle.signal(TRY_AGAIN_SIGNAL);
    await eventually(async () => (listened() === round ? true : undefined));
    seen.push(await settledAt(events));
  }
  const perTry = Math.ceil(((seen.at(-1) ?? 0) - before) / seen.length);
  expect(home.calls).toContain("proveNode a");
  expect(perTry).toBeGreaterThan(20);
  expect(tries(365 * DAY_MS) * perTry).toBeLessThan(MOST_EVENTS / 2);

  await handle.cancel();
  await verdict(handle);
}, 60_000);

/** The number once it does not grow any more. */
async function settledAt(events: () => Promise<number>): Promise<number> {
  let before = -1;
  return eventually(async () => {
    const now = await events();
    const isSettled = now === before;
    before = now;
    return isSettled ? now : undefined;
  });
}
