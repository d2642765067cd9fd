import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench } from "./bench.ts";

const ITEM = 0x0201;
const HELD = 0;
const STARTED = 9;

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  await bench.clear();
});

test("a write that is garbled succeeds and keeps something else; the next one is good", async () => {
  const dongle = bench.dongle("worn");
  const host = await bench.connect(dongle);
  // osalNvItemInit: id, length, length of the first value, value
  await host.request(1, 0x07, Buffer.from([ITEM & 0xff, ITEM >> 8, 2, 0, 2, 0, 0]));
  dongle.garbleWriteAfter(2);
  expect(await host.writeItem(ITEM, Buffer.from([1, 2]))).toBe(0);
  expect(await host.readItem(ITEM)).toEqual(Buffer.from([1, 2]));
  expect(await host.writeItem(ITEM, Buffer.from([3, 4]))).toBe(0);
  expect(await host.readItem(ITEM)).toEqual(Buffer.from([3, 5]));
  expect(await host.writeItem(ITEM, Buffer.from([3, 4]))).toBe(0);
  expect(await host.readItem(ITEM)).toEqual(Buffer.from([3, 4]));
});

test.each(["from-host", "to-host"] as const)(
  "bytes lost %s cost one request, and the line finds its way back",
  async (direction) => {
    const dongle = bench.dongle("noisy");
    const host = await bench.connect(dongle);
    dongle.loseBytes(direction, 2);
    const lost = await Promise.race([host.deviceState(), new Promise((resolve) => setTimeout(resolve, 300, "lost"))]);
    expect(lost).toBe("lost");
    // What is left of the frame may swallow the next one, as it does on a real line.
    await expect
      .poll(() => Promise.race([host.deviceState(), new Promise((resolve) => setTimeout(resolve, 100, "lost"))]))
      .toBe(HELD);
  },
);

test("a firmware that hangs with its radio is off the air, and boots held when its port is switched off and on", async () => {
  const dongle = bench.dongle("hung");
  const host = await bench.connect(dongle);
  await host.form(15);
  expect(await host.deviceState()).toBe(STARTED);
  dongle.hang("off");
  expect(bench.air.onAir()).toEqual([]);
  await dongle.power("off");
  await dongle.power("on");
  expect(dongle.inspect()).toMatchObject({ onAir: false, deviceState: HELD, channel: 15 });
});
