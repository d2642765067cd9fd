import { setTimeout as delay } from "node:timers/promises";
import { isAlive, signalGroup } from "./process-facts.ts";
import type { ProcessMark } from "./process-facts.ts";

const GRACE_MS = 10_000;

/** Ends what an `understudy start` that was killed left running; its children are ending by themselves already. */
export async function clearRemains(remains: readonly ProcessMark[], say: (sentence: string) => void): Promise<void> {
  for (const mark of remains) {
    if (!(await isAlive(mark))) continue;
    say(`Ending process ${mark.pid}, left behind by an \`understudy start\` that was killed.`);
    signalGroup(mark.pid, "SIGTERM");
    if (await isGoneWithin(mark, GRACE_MS)) continue;
    signalGroup(mark.pid, "SIGKILL");
    await isGoneWithin(mark, GRACE_MS);
  }
}

async function isGoneWithin(mark: ProcessMark, ms: number): Promise<boolean> {
  for (const until = Date.now() + ms; Date.now() < until; await delay(50)) {
    if (!(await isAlive(mark))) return true;
  }
  return false;
}
