import { beforeEach, expect, test } from "vitest";
import { Signs } from "../../../triggers/mqtt/signs.ts";

let signs: Signs;
let now: number;

/** Zigbee2MQTT answers what it is asked, the devices of these names answer too. */
interface Alive {
  readonly process: boolean;
  readonly devices: readonly string[];
}
const WELL: Alive = { process: true, devices: ["plug_0", "plug_1", "plug_2", "plug_3"] };

const say = (topic: string, payload: unknown = {}, retained = false) =>
  signs.message({ topic, retained, text: () => JSON.stringify(payload) }, now);
const sign = () => signs.read(now)?.sign;

/** Lets time pass; each question is answered half a second later, if at all. Returns what was asked of devices. */
function pass(seconds: number, alive: Alive = WELL): string[] {
  const asked: string[] = [];
  for (const end = now + seconds * 1000; now < end;) {
    const { process, devices } = signs.questions(now);
    now += 500;
    if (process && alive.process) say("bridge/response/health_check", { status: "ok" });
    for (const { name } of devices) {
      asked.push(name);
      if (alive.devices.includes(name)) say(name, { state: "ON" });
    }
  }
  return asked;
}

const router = (name: string) => ({
  friendly_name: name,
  type: "Router",
  definition: { exposes: [{ property: "state", access: 7 }] },
});

beforeEach(() => {
  now = 1_000_000;
  signs = new Signs(now);
  signs.connected(now);
  say("bridge/state", { state: "online" }, true);
  say("bridge/devices", WELL.devices.map(router), true);
  pass(2);
});

test("a home that is well is seen to be so, with few questions", () => {
  expect(sign()).toBe("healthy");
  const asked = pass(600);
  expect(sign()).toBe("healthy");
  expect(asked.length).toBeLessThanOrEqual(20);
  // In turn: no device is asked for all of them.
  expect(new Set(asked)).toEqual(new Set(WELL.devices));
});

test("devices that report by themselves are not asked", () => {
  const asked: string[] = [];
  for (let n = 0; n < 30; n += 1) {
    asked.push(...pass(20));
    say("sensor_0", { occupancy: true });
  }
  expect(asked).toEqual([]);
});

test("a live offline is told at once", () => {
  say("bridge/state", { state: "offline" });
  expect(signs.read(now)).toMatchObject({ sign: "offline", retained: false });
  pass(30, { process: false, devices: [] });
  expect(sign()).toBe("offline");
});

test("row 13: a late will of another life is over as soon as Zigbee2MQTT answers", () => {
  say("bridge/state", { state: "offline" });
  pass(1);
  expect(sign()).toBe("healthy");
});

test("row 14: an offline that is only retained is nothing while Zigbee2MQTT answers", () => {
  signs.connected(now);
  say("bridge/state", { state: "offline" }, true);
  expect(sign()).toBeUndefined();
  pass(1);
  expect(sign()).toBe("healthy");
});

test("an offline that is retained, and true, is told as what it is", () => {
  signs.connected(now);
  say("bridge/state", { state: "offline" }, true);
  pass(10, { process: false, devices: [] });
  expect(signs.read(now)).toMatchObject({ sign: "offline", retained: true });
});

test("row 12: an online that is only retained proves nothing", () => {
  signs.disconnected(now);
  now += 2_000;
  signs.connected(now);
  say("bridge/state", { state: "online" }, true);
  expect(sign()).toBeUndefined();
  pass(10, { process: false, devices: [] });
  expect(sign()).toBe("no-answer");
});

test("a process that stands still is noticed within 20 s", () => {
  pass(20, { process: false, devices: [] });
  expect(sign()).toBe("no-answer");
  pass(15);
  expect(sign()).toBe("healthy");
});

test("row 15: a radio that is dead is noticed within 45 s while the process answers, and its return too", () => {
  const asked = pass(45, { process: true, devices: [] });
  expect(sign()).toBe("radio-silent");
  expect(new Set(asked).size).toBeGreaterThanOrEqual(3);
  pass(40);
  expect(sign()).toBe("healthy");
});

test("a plug that was pulled is no dead radio", () => {
  pass(600, { process: true, devices: ["plug_1", "plug_2", "plug_3"] });
  expect(sign()).toBe("healthy");
});

test("where there is no router to ask, half an hour without a word is worth a look", () => {
  say("bridge/devices", [], true);
  pass(1_700);
  expect(sign()).toBe("healthy");
  pass(200);
  expect(sign()).toBe("radio-silent");
});

test("what others ask of Zigbee2MQTT, and what it says by itself of a device, is no sign of life of the radio", () => {
  for (let n = 0; n < 5; n += 1) {
    pass(10, { process: true, devices: [] });
    say("plug_0/set", { state: "ON" });
    say("plug_0/availability", { state: "offline" });
  }
  expect(sign()).toBe("radio-silent");
});

test.each([
  ["a person", "z2m: Stopping Zigbee2MQTT (restart=false, code=0, signal=SIGTERM)"],
  ["a restart", "z2m: Stopping Zigbee2MQTT (restart=true, code=0, signal=undefined)"],
])("a stop that was asked for is no failure: %s", (_who, message) => {
  say("bridge/logging", { level: "info", message });
  say("bridge/state", { state: "offline" });
  say("bridge/logging", { level: "info", message: "z2m: Disconnecting from MQTT server" });
  expect(sign()).toBe("stopping-by-request");
  pass(50, { process: false, devices: [] });
  expect(sign()).toBe("stopping-by-request");
  pass(15, { process: false, devices: [] });
  expect(signs.read(now)).toMatchObject({
    sign: "offline",
    detail: "Zigbee2MQTT was told to stop and did not come back.",
  });
});

test("a restart by MQTT that comes back is none either", () => {
  say("bridge/request/restart", {});
  say("bridge/state", { state: "offline" });
  expect(sign()).toBe("stopping-by-request");
  pass(20, { process: false, devices: [] });
  say("bridge/state", { state: "online" });
  expect(sign()).toBe("healthy");
  // And the next end is not excused by it.
  say("bridge/state", { state: "offline" });
  expect(sign()).toBe("offline");
});

test("an adapter that is lost is told as such", () => {
  say("bridge/logging", { level: "error", message: "z2m: Adapter disconnected, stopping" });
  say("bridge/logging", {
    level: "info",
    message: "z2m: Stopping Zigbee2MQTT (restart=false, code=2, signal=undefined)",
  });
  say("bridge/state", { state: "offline" });
  expect(sign()).toBe("adapter-lost");
});

test("row 11: a broker that is away is told after some seconds; one that was restarted is not", () => {
  signs.disconnected(now);
  now += 3_000;
  expect(sign()).toBeUndefined();
  now += 3_000;
  expect(sign()).toBe("broker-lost");
  signs.connected(now);
  pass(1);
  expect(sign()).toBe("healthy");
});
