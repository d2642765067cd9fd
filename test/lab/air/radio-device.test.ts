import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RadioDevice } from "../../../lab/air/radio-device.ts";
import type { Dongle } from "../../../lab/coordinator/dongle.ts";
import { Bench } from "../coordinator/bench.ts";
import type { MtHost } from "../coordinator/mt-host.ts";
import { OnOffLight } from "./on-off-light.ts";

const IEEE = "00158d0000000001";
/** The same as it goes over the air and into NVRAM. */
const IEEE_BYTES = "01000000008d1500";
const ADDRMGR = 1;
const DEVICE_LIST = 3;
const TCLK_TABLE = 4;
const NWK_SEC_MATERIAL_TABLE = 7;
const DATA_CONFIRM = 0x80;
const INCOMING = 0x81;

let bench: Bench;
let dongle: Dongle;
let host: MtHost;
let devices: RadioDevice[];

beforeEach(async () => {
  bench = new Bench();
  devices = [];
  dongle = bench.dongle("one");
  host = await bench.connect(dongle);
  await host.form(15);
  await host.registerEndpoint();
});

afterEach(async () => {
  for (const device of devices) device.powerOff();
  await bench.clear();
});

function device(application: OnOffLight, ieee = IEEE): RadioDevice {
  const made = new RadioDevice(application, { ieee, air: bench.air });
  devices.push(made);
  return made;
}

async function permitJoin(seconds: number): Promise<void> {
  await host.request(5, 0x36, Buffer.from([0x0f, 0xfc, 0xff, seconds, 0]));
}

async function joined(application: OnOffLight, ieee?: string): Promise<RadioDevice> {
  const made = device(application, ieee);
  await permitJoin(60);
  await made.join();
  return made;
}

/** Sends on (1) or off (0). @returns the status of the confirmation */
async function send(target: RadioDevice, command: number, through = host): Promise<number | undefined> {
  const address = Buffer.alloc(2);
  address.writeUInt16LE(target.address ?? 0xfffe);
  const request = Buffer.concat([address, Buffer.from([1, 1, 6, 0, 7, 0, 30, 3, 1, 5, command])]);
  const confirmation = await through.requestAndWait(4, 0x01, request, { subsystem: 4, id: DATA_CONFIRM });
  return confirmation.data[0];
}

test("nobody joins a closed network", async () => {
  await expect(device(new OnOffLight()).join(300)).rejects.toThrow("no network that lets it join");
});

test("joining writes address and link key to NVRAM, and tells the host", async () => {
  const router = await joined(new OnOffLight());
  expect(router).toMatchObject({ joined: true, hasLinkKey: true, counts: { joins: 1, rejoins: 0 } });
  const known = await host.readEntry(ADDRMGR, 0);
  expect(known?.subarray(0, 2).toString("hex")).toBe("02ff");
  expect(known?.readUInt16LE(2)).toBe(router.address);
  expect(known?.subarray(4).toString("hex")).toBe(IEEE_BYTES);
  const key = await host.readEntry(TCLK_TABLE, 0);
  expect(key?.subarray(8, 18).toString("hex")).toBe(`${IEEE_BYTES}0200`);
  const told = host.indications.filter(({ subsystem, id }) => subsystem === 5 && (id === 0xca || id === 0xc1));
  expect(told.map(({ id }) => id)).toEqual([0xca, 0xc1]);
});

test("a light obeys and answers, and says who it heard", async () => {
  const light = new OnOffLight();
  const router = await joined(light);
  expect(await send(router, 1)).toBe(0);
  expect(light.on).toBe(true);
  expect(router.lastReceivedFrom?.dongle).toBe("one");
  expect(router.received).toMatchObject([{ dongle: "one", clusterId: 6 }]);
  await expect.poll(() => host.indications.some(({ subsystem, id }) => subsystem === 4 && id === INCOMING)).toBe(true);
});

test("a sleepy device hears within one poll, and its reports arrive", async () => {
  const sensor = new OnOffLight("sleepy-end-device");
  const sleepy = await joined(sensor);
  expect((await host.readEntry(ADDRMGR, 0))?.subarray(0, 2).toString("hex")).toBe("03ff");
  expect((await host.readEntry(DEVICE_LIST, 0))?.readUInt16LE(0)).toBe(sleepy.address);
  expect(await send(sleepy, 1)).toBe(0);
  expect(sensor.on).toBe(true);
  const report = {
    srcEndpoint: 1,
    dstEndpoint: 1,
    profileId: 0x0104,
    clusterId: 6,
    payload: Buffer.from([0x18, 1, 0x0a]),
  };
  sensor.reports.push(report);
  const reported = (): boolean =>
    host.indications.some(({ id, data }) => id === INCOMING && data.includes(report.payload));
  await expect.poll(reported).toBe(true);
});

test("a counter that is not higher is dropped although the frame is acknowledged; a higher one is accepted", async () => {
  const light = new OnOffLight();
  const router = await joined(light);
  await send(router, 1);
  const used = dongle.inspect().ramCounter ?? NaN;
  await host.reset();
  const entry = (await host.readEntry(NWK_SEC_MATERIAL_TABLE, 0)) ?? Buffer.alloc(12);
  const stale = Buffer.from(entry);
  // One below the last that was used, after the 1250 of the start.
  stale.writeUInt32LE(used - 1 - 1250);
  await host.writeEntry(NWK_SEC_MATERIAL_TABLE, 0, stale);
  await host.start();
  await host.registerEndpoint();
  expect(await send(router, 0)).toBe(0);
  expect(light.on).toBe(true);
  expect(router.counts.droppedReplays).toBe(1);
  expect(bench.air.counterViolations).toMatchObject([{ layer: "network", counter: used - 1, highest: used - 1 }]);
  expect(await send(router, 0)).toBe(0);
  await expect.poll(() => light.on).toBe(false);
});

test("what is not there is not acknowledged", async () => {
  const router = await joined(new OnOffLight());
  router.powerOff();
  expect(await send(router, 1)).toBe(0xe9);
});

test("a router that hears nothing does not come back by itself, and serves the same network afterwards", async () => {
  const light = new OnOffLight();
  const router = await joined(light);
  await host.reset();
  await delay(700);
  await host.start();
  await host.registerEndpoint();
  expect(await send(router, 1)).toBe(0);
  expect(light.on).toBe(true);
  expect(router.counts).toMatchObject({ joins: 1, rejoins: 0 });
});

test("routers answer a scan also while the coordinator is silent, but not from its address", async () => {
  const router = await joined(new OnOffLight());
  await joined(new OnOffLight("sleepy-end-device"), "00158d0000000002");
  const listener = await bench.connect(bench.dongle("listener", "00124b0022222222"));
  const scan = async (): Promise<(number | undefined)[]> => {
    listener.indications.length = 0;
    const channel15 = Buffer.from([0, 0x80, 0, 0, 2]);
    await listener.requestAndWait(5, 0x26, channel15, { subsystem: 5, id: 0xc7 });
    return listener.indications.filter(({ id }) => id === 0xc5).map(({ data }) => data.readUInt16LE(1));
  };
  expect(await scan()).toEqual([0, router.address]);
  await host.reset();
  expect(await scan()).toEqual([router.address]);
});

test("a sleepy child whose parent has lost it is told to rejoin", async () => {
  const sleepy = await joined(new OnOffLight("sleepy-end-device"));
  await host.writeEntry(DEVICE_LIST, 0, Buffer.alloc(16, 0xff));
  await expect.poll(() => sleepy.counts.rejoins).toBe(1);
  expect(await send(sleepy, 1)).toBe(0);
});

test("a trust center rejoin needs a link key counter above the last", async () => {
  const router = await joined(new OnOffLight());
  await router.rejoin("trust-center");
  expect(router.counts).toMatchObject({ rejoins: 1, droppedLinkReplays: 0 });
  const entry = (await host.readEntry(TCLK_TABLE, 0)) ?? Buffer.alloc(20);
  await host.reset();
  // As it was before, without the jump of the boot.
  const stale = Buffer.from(entry);
  stale.writeUInt32LE(0);
  await host.writeEntry(TCLK_TABLE, 0, stale);
  await host.start();
  await expect(router.rejoin("trust-center")).rejects.toThrow("waited in vain");
  expect(router.counts).toMatchObject({ rejoins: 2, droppedLinkReplays: 1 });
  expect(bench.air.counterViolations).toMatchObject([{ layer: "link" }]);
});

test("a device with another network's key cannot rejoin", async () => {
  const router = await joined(new OnOffLight());
  await host.reset();
  // Another key in the chip: byte 0 is its sequence number.
  await host.writeItem(0x3a, Buffer.alloc(17, 1));
  await host.start();
  await expect(router.rejoin("network")).rejects.toThrow("could not rejoin");
});

test("a device that is told to leave is out, and forgotten", async () => {
  const router = await joined(new OnOffLight());
  const address = Buffer.alloc(2);
  address.writeUInt16LE(router.address ?? 0);
  const request = Buffer.concat([address, Buffer.from(IEEE_BYTES, "hex"), Buffer.from([0])]);
  await host.requestAndWait(5, 0x34, request, { subsystem: 5, id: 0xc9 });
  expect(router.joined).toBe(false);
  expect((await host.readEntry(ADDRMGR, 0))?.subarray(0, 1).toString("hex")).toBe("ff");
});

test("it goes on where it was stored", async () => {
  const light = new OnOffLight();
  const router = await joined(light);
  await send(router, 1);
  const stored = JSON.parse(JSON.stringify(router));
  router.powerOff();
  const again = RadioDevice.fromJSON(light, stored, bench.air);
  devices.push(again);
  expect(again).toMatchObject({ joined: true, hasLinkKey: true, address: router.address, counts: { joins: 0 } });
  expect(await send(again, 0)).toBe(0);
  expect(light.on).toBe(false);
  expect(bench.air.counterViolations).toEqual([]);
});
