import { setTimeout as delay } from "node:timers/promises";

/** Repeats until the outcome is truthy and returns it; rejects with what was awaited after the limit. */
export async function eventually<T>(what: string, probe: () => Promise<T> | T, limitMs = 20_000): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const outcome = await probe();
    if (outcome) return outcome;
    if (Date.now() > until) throw new Error(`Not within ${limitMs / 1000} s: ${what}.`);
    await delay(50);
  }
}
