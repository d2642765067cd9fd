import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench } from "./bench.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  await bench.clear();
});

async function milliseconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

test("at full timing requests, flash writes and resets take their time", async () => {
  const dongle = bench.dongle("slow", undefined, "full");
  const host = await bench.connect(dongle);
  // It boots first.
  await expect.poll(() => host.indications.length).toBe(1);
  const ping = await milliseconds(() => host.request(1, 0x01));
  // 7 ms, 12 bytes, and the network there and back.
  expect(ping).toBeGreaterThan(11);
  const pings = await milliseconds(async () => {
    for (let count = 0; count < 50; count++) await host.request(1, 0x01);
  });
  expect(pings / 50).toBeLessThan(25);
  expect(await milliseconds(() => host.writeItem(0x01, Buffer.alloc(8)))).toBeGreaterThan(14);
  expect(await milliseconds(() => host.reset())).toBeGreaterThan(1000);
});

test("a reset forgets what was being worked off", async () => {
  const dongle = bench.dongle("slow", undefined, "full");
  const host = await bench.connect(dongle);
  await expect.poll(() => host.indications.length).toBe(1);
  const answer = host.request(1, 0x01);
  dongle.reset();
  await expect(answer).rejects.toThrow("does not answer");
});
