import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench } from "./bench.ts";
import { MtHost } from "./mt-host.ts";

const NIB = 0x21;
const EXTADDR = 0x01;
const STARTUP_OPTION = 0x03;
const APS_USE_EXT_PANID = 0x47;
const POLL_RATE_OLD16 = 0x24;
const TCLK_TABLE = 4;
const NWK_SEC_MATERIAL_TABLE = 7;
const HELD = 0;
const STARTED = 9;
const HARDWARE = "00124b0011111111";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  await bench.clear();
});

function counter(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

test("forming goes on the air, a soft reset goes off it and stays so", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  expect(await host.deviceState()).toBe(HELD);
  await host.form(15);
  expect(host.indications.filter(({ id }) => id === 0xc0).map(({ data }) => data[0])).toEqual([8, 8, 9]);
  expect(await host.deviceState()).toBe(STARTED);
  expect(dongle.onAir).toBe(true);
  expect(bench.air.onAir()).toEqual(["one"]);
  await host.reset();
  expect(dongle.onAir).toBe(false);
  expect(bench.air.onAir()).toEqual([]);
  expect(await host.deviceState()).toBe(HELD);
  await host.start();
  expect(await host.deviceState()).toBe(STARTED);
});

test("the counter runs in RAM, reaches NVRAM after 1000 frames, and jumps by 1250 at each start", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.form(15);
  await host.registerEndpoint();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 1250, ramCounter: 1250 });
  for (let frame = 0; frame < 1000; frame++) await host.broadcast();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 1250, ramCounter: 2250 });
  await host.broadcast();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 2251, ramCounter: 2251 });
  await host.broadcast();
  await host.reset();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 2251, ramCounter: undefined });
  await host.start();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 3501, ramCounter: 3501 });
  await host.start();
  expect(dongle.inspect()).toMatchObject({ nvCounter: 3501 });
  expect(bench.air.counterViolations).toEqual([]);
});

test("a network without an entry takes its counter from the last entry, which no start raises", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.form(15);
  await host.reset();
  await host.writeEntry(NWK_SEC_MATERIAL_TABLE, 0, Buffer.alloc(12));
  await host.writeEntry(NWK_SEC_MATERIAL_TABLE, 4, Buffer.concat([counter(5000), Buffer.alloc(8, 0xff)]));
  await host.start();
  expect(dongle.inspect().ramCounter).toBe(6250);
  await host.reset();
  await host.start();
  expect(dongle.inspect().ramCounter).toBe(6250);
});

test("counters of link keys jump at each boot", async () => {
  const host = await bench.connect(bench.dongle("one"));
  const entry = Buffer.concat([counter(100), counter(7), Buffer.alloc(8, 0x22), Buffer.from([2, 0, 3, 0])]);
  await host.writeEntry(TCLK_TABLE, 0, entry);
  await host.reset();
  const raised = await host.readEntry(TCLK_TABLE, 0);
  expect(raised?.readUInt32LE(0)).toBe(111);
  expect(raised?.subarray(4)).toEqual(entry.subarray(4));
});

test("a deleted address is the chip's own again after a reset; one that was written stays", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.writeItem(STARTUP_OPTION, Buffer.from([0]));
  await host.writeItem(EXTADDR, Buffer.alloc(8, 0x33));
  await host.reset();
  expect(dongle.inspect().ieee).toBe("33".repeat(8));
  expect(await host.deleteItem(EXTADDR, 8)).toBe(0);
  await host.reset();
  expect(dongle.inspect().ieee).toBe(HARDWARE);
});

test("STARTUP_OPTION 3 clears network and address, but no frame counter", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.form(15);
  const before = await host.readEntry(NWK_SEC_MATERIAL_TABLE, 0);
  await host.writeItem(EXTADDR, Buffer.alloc(8, 0x33));
  await host.writeItem(STARTUP_OPTION, Buffer.from([3]));
  await host.reset();
  expect(dongle.inspect()).toMatchObject({ panId: undefined, ieee: HARDWARE });
  expect(await host.readItem(NIB)).toBeUndefined();
  expect(await host.readEntry(NWK_SEC_MATERIAL_TABLE, 0)).toEqual(before);
});

test("without a network a start starts nothing", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  expect((await host.request(5, 0x40, Buffer.from([100, 0]))).data).not.toEqual(Buffer.from([0]));
  expect(dongle.onAir).toBe(false);
});

test("items: lengths, offsets, and what is not there", async () => {
  const host = await bench.connect(bench.dongle("one"));
  const length = async (id: number): Promise<number> =>
    (await host.request(1, 0x13, Buffer.from([id, 0]))).data.readUInt16LE(0);
  expect(await length(NIB)).toBe(0);
  expect(await length(EXTADDR)).toBe(8);
  expect(await host.deleteItem(EXTADDR, 7)).toBe(0x0c);
  expect(await host.deleteItem(NIB, 116)).toBe(0x09);
  expect(await host.writeItem(EXTADDR, Buffer.alloc(9))).toBe(0x0c);
  // Not an item, but readable and writable: the old poll rate.
  expect(await length(POLL_RATE_OLD16)).toBe(0);
  expect(await host.readItem(POLL_RATE_OLD16)).toEqual(Buffer.from("b80b", "hex"));
  expect(await host.writeItem(POLL_RATE_OLD16, Buffer.from("0102", "hex"))).toBe(0);
  expect(await host.readItem(POLL_RATE_OLD16)).toEqual(Buffer.from("0102", "hex"));
});

test("what is no command is answered as an RPC error", async () => {
  const host = await bench.connect(bench.dongle("one"));
  expect(await host.request(1, 0x6f)).toMatchObject({ subsystem: 0, id: 0, data: Buffer.from([2, 0x21, 0x6f]) });
  expect(await host.request(9, 0x01)).toMatchObject({ subsystem: 0, id: 0, data: Buffer.from([1, 0x29, 0x01]) });
  expect(await host.request(1, 0x1c, Buffer.from([1]))).toMatchObject({
    subsystem: 0,
    data: Buffer.from([4, 0x21, 0x1c]),
  });
});

test("garbage on the line does not keep it from answering", async () => {
  const host = await bench.connect(bench.dongle("one"));
  host.sendRaw(Buffer.from("effe00feffff", "hex"));
  expect((await host.request(1, 0x01)).data).toEqual(Buffer.from([0x59, 0x06]));
});

test("its flash outlives the process", async () => {
  const first = bench.dongle("one");
  const host = await bench.connect(first);
  await host.form(15);
  const before = first.inspect();
  await first.unplug();
  const again = bench.dongle("one");
  const { panId, channel, extendedPanId, keyFingerprint, nvCounter } = before;
  expect(again.inspect()).toMatchObject({ onAir: false, panId, channel, extendedPanId, keyFingerprint, nvCounter });
});

test("the nth write fails, and only that one", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  dongle.failWriteAfter(2);
  const statuses = [];
  for (let write = 0; write < 4; write++) statuses.push(await host.writeItem(EXTADDR, Buffer.alloc(8, write)));
  expect(statuses).toEqual([0, 0x0a, 0, 0]);
});

test("hung firmware answers nothing until it is reset, and its network stays on the air", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.form(15);
  dongle.hang();
  await expect(host.request(1, 0x01)).rejects.toThrow("does not answer");
  expect(dongle.onAir).toBe(true);
  dongle.reset();
  await expect.poll(() => host.indications.some(({ subsystem, id }) => subsystem === 1 && id === 0x80)).toBe(true);
  expect((await host.request(1, 0x01)).data).toHaveLength(2);
  expect(dongle.onAir).toBe(false);
});

test("a self-reset is told and silences it", async () => {
  const dongle = bench.dongle("one");
  const host = await bench.connect(dongle);
  await host.form(15);
  dongle.selfReset();
  expect(dongle.onAir).toBe(false);
  await expect.poll(() => host.indications.at(-1)).toMatchObject({ subsystem: 1, id: 0x80 });
});

test("without power it is silent at once and its clients are hung up on; with power it holds", async () => {
  const dongle = bench.dongle("one");
  const { port } = await dongle.listenTcp(0);
  const host = await MtHost.connect(port);
  await host.form(15);
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "close");
  await dongle.power("off");
  expect(bench.air.onAir()).toEqual([]);
  expect(await dongle.power("on")).toEqual({ port });
  const again = await MtHost.connect(port);
  expect(await again.deviceState()).toBe(HELD);
  again.close();
});

test("two sticks with one network on the air are seen, for as long as they are", async () => {
  const first = await bench.connect(bench.dongle("one"));
  await first.form(15);
  const second = await bench.connect(bench.dongle("two", "00124b0022222222"));
  expect(await second.writeItem(APS_USE_EXT_PANID, (await first.readItem(APS_USE_EXT_PANID)) ?? Buffer.alloc(0))).toBe(
    0,
  );
  expect(bench.air.doubleActiveMs()).toBe(0);
  await second.form(20);
  await expect.poll(() => bench.air.doubleActiveMs()).toBeGreaterThan(20);
  await second.reset();
  const total = bench.air.doubleActiveMs();
  expect(bench.air.intervals).toMatchObject([{ coordinators: ["one", "two"], to: expect.any(Number) }]);
  await first.reset();
  expect(bench.air.doubleActiveMs()).toBe(total);
});
