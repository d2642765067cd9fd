import { afterEach, beforeEach, expect, test } from "vitest";
import { RadioDevice } from "../../../lab/air/radio-device.ts";
import type { Dongle } from "../../../lab/coordinator/dongle.ts";
import { Bench } from "../coordinator/bench.ts";
import type { MtHost } from "../coordinator/mt-host.ts";
import { zigpy } from "../coordinator/zigpy.ts";
import { OnOffLight } from "./on-off-light.ts";

const ROUTER = "00158d0000000001";
const SLEEPY = "00158d0000000002";
const NWK_INVALID_REQUEST = 0xc2;

let bench: Bench;
let active: Dongle;
let host: MtHost;
let devices: RadioDevice[];

beforeEach(async () => {
  bench = new Bench();
  devices = [];
  active = bench.dongle("active");
  host = await bench.connect(active);
  await host.form(15);
  await host.registerEndpoint();
});

afterEach(async () => {
  for (const device of devices) device.powerOff();
  await bench.clear();
});

/** Opens the network, or closes it, for everybody. */
async function permitJoin(seconds: number): Promise<void> {
  await host.request(5, 0x36, Buffer.from([0x0f, 0xfc, 0xff, seconds, 0]));
}

async function joined(ieee: string, kind?: "sleepy-end-device"): Promise<RadioDevice> {
  const device = new RadioDevice(new OnOffLight(kind), { ieee, air: bench.air });
  devices.push(device);
  await device.join();
  return device;
}

/** What zigpy-znp's tool prints of each beacon: who, on which channel, open or not, how deep. */
async function scan(port: string, ...options: string[]): Promise<string[]> {
  const printed = await zigpy("network_scan", port, "-c", "15", ...(options.length ? options : ["-n", "1"]));
  const beacon = /PID: (\w+), from: (\w+)\]: Channel=(\d+) PermitJoins=(\d).*Depth= *(\d+) UpdateId= *(\d+)/g;
  return [...printed.matchAll(beacon)].map((found) => found.slice(2).join(" ")).sort();
}

function hex(address: number | undefined): string {
  return `0x${address?.toString(16).toUpperCase().padStart(4, "0")}`;
}

test("a coordinator and its powered routers answer a scan, each for itself; sleepy devices do not", async () => {
  await permitJoin(200);
  const router = await joined(ROUTER);
  await joined(SLEEPY, "sleepy-end-device");
  // A router hears of it only when it is in the network.
  await permitJoin(200);
  const { path: port } = await bench.dongle("standby", "00124b0022222222").plug();
  expect(await scan(port)).toEqual([`0x0000 15 1 0 0`, `${hex(router.address)} 15 1 1 0`].sort());
  await permitJoin(0);
  await expect.poll(() => router.beacon()?.permitJoin).toBe(false);
  expect(await scan(port)).toEqual([`0x0000 15 0 0 0`, `${hex(router.address)} 15 0 1 0`].sort());

  // The coordinator dies; its routers go on.
  await active.unplug();
  expect(await scan(port)).toEqual([`${hex(router.address)} 15 0 1 0`]);
  router.powerOff();
  expect(await scan(port)).toEqual([]);
});

test("a scan leaves the stick silent, is no activity, and is recorded", async () => {
  const standby = bench.dongle("standby", "00124b0022222222");
  const { path: port } = await standby.plug();
  expect(await scan(port)).toEqual(["0x0000 15 0 0 0"]);
  expect(standby.inspect()).toMatchObject({ onAir: false, deviceState: 0, panId: undefined });
  expect(bench.air.onAir()).toEqual(["active"]);
  expect(bench.air.doubleActiveMs()).toBe(0);
  expect(bench.air.beaconRequests).toMatchObject([
    { station: "standby", channels: [15], beacons: [{ source: 0, panId: active.inspect().panId }] },
  ]);
  expect(await zigpy("network_scan", port, "-c", "16,20", "-n", "1")).toBe("");
});

test("a beacon may be lost, and is heard by the next pass", async () => {
  const { path: port } = await bench.dongle("standby", "00124b0022222222").plug();
  bench.air.loseBeacons(1);
  expect(await scan(port)).toEqual([]);
  bench.air.loseBeacons(1);
  expect(await scan(port, "-n", "2")).toEqual(["0x0000 15 0 0 0"]);
});

test("a started stack does not scan for others, and goes on", async () => {
  const channels = Buffer.alloc(5, 3);
  channels.writeUInt32LE(2 ** 15, 0);
  expect((await host.request(5, 0x26, channels)).data[0]).toBe(NWK_INVALID_REQUEST);
  expect(active.onAir).toBe(true);
});

test("a coordinator that hangs goes on answering scans, unless its radio went down too", async () => {
  const { path: port } = await bench.dongle("standby", "00124b0022222222").plug();
  active.hang();
  expect(await scan(port)).toEqual(["0x0000 15 0 0 0"]);
  active.hang("off");
  expect(await scan(port)).toEqual([]);
  expect(bench.air.onAir()).toEqual([]);
});

test("at full timing each pass takes the time that the stick listens", async () => {
  const { path: port } = await bench.dongle("slow", "00124b0022222222", "full").plug();
  await scan(port, "-n", "3", "-d", "4");
  const [first = 0, , third = 0] = bench.air.beaconRequests.map(({ at }) => at);
  // (2^4 + 1) * 15.36 ms each, but for what a timer may be early.
  expect(third - first).toBeGreaterThan(2 * 255);
});
