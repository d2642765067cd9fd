import { expect, test } from "vitest";
import { Changes } from "../../../triggers/mqtt/changes.ts";

const QUIET_MS = 30_000;
const LAMP = {
  ieee_address: "0x021ab00000000001",
  type: "Router",
  network_address: 0x1a2b,
  friendly_name: "lamp",
  interview_state: "SUCCESSFUL",
  definition: { model: "HK-ZD-CCT-A" },
  endpoints: { 1: { bindings: [] as object[], configured_reportings: [], scenes: [] } },
};
const PLUG = { ...LAMP, ieee_address: "0x021ab00000000002", friendly_name: "plug", network_address: 0x3c4d };

/** Zigbee2MQTT's words to a listener that has known its lists for long. */
function makeHome() {
  const changes = new Changes(QUIET_MS);
  const say = (topic: string, payload: unknown, at: number, retained = false) =>
    changes.message({ topic, retained, text: () => JSON.stringify(payload) }, at);
  say("bridge/info", { permit_join: false }, 0, true);
  say("bridge/devices", [LAMP], 0, true);
  say("bridge/groups", [{ id: 1, friendly_name: "hall", members: [] }], 0, true);
  return { changes, say };
}

test.each([
  ["a device joined", "bridge/event", { type: "device_joined", data: { friendly_name: "plug" } }],
  ["a device left", "bridge/event", { type: "device_leave", data: { friendly_name: "plug" } }],
  ["an interview succeeded", "bridge/event", { type: "device_interview", data: { status: "successful" } }],
  ["a device is new in the list", "bridge/devices", [LAMP, PLUG]],
  ["a device is gone from the list", "bridge/devices", []],
  ["a device got another address", "bridge/devices", [{ ...LAMP, network_address: 7 }]],
  ["a device got another name", "bridge/devices", [{ ...LAMP, friendly_name: "hall lamp" }]],
  ["a device was bound", "bridge/devices", [{ ...LAMP, endpoints: { 1: { bindings: [{ cluster: "genOnOff" }] } } }]],
  ["a group got a member", "bridge/groups", [{ id: 1, friendly_name: "hall", members: [{ endpoint: 1 }] }]],
])("%s: worth a sync once it has been quiet for 30 s, and not again after it", (_what, topic, payload) => {
  const { changes, say } = makeHome();
  say(topic, payload, 1_000);
  expect(changes.due(1_000 + QUIET_MS - 1)).toBeUndefined();
  expect(changes.due(1_000 + QUIET_MS)).toBe(1_000);
  changes.settled(1_000);
  expect(changes.due(999_999)).toBeUndefined();
});

test.each([
  ["a device announces itself", "bridge/event", { type: "device_announce", data: {} }, false],
  ["an interview begins", "bridge/event", { type: "device_interview", data: { status: "started" } }, false],
  ["an interview fails", "bridge/event", { type: "device_interview", data: { status: "failed" } }, false],
  ["the same list is told again, after a start say", "bridge/devices", [LAMP], false],
  ["a newer Zigbee2MQTT defines a device anew", "bridge/devices", [{ ...LAMP, definition: { model: "X" } }], false],
  ["the broker repeats another list", "bridge/devices", [LAMP, PLUG], true],
  ["the broker repeats an event", "bridge/event", { type: "device_joined", data: {} }, true],
  ["nobody understands it", "bridge/devices", "not a list", false],
  ["a light is switched", "lamp", { state: "ON" }, false],
])("%s: worth nothing", (_what, topic, payload, retained) => {
  const { changes, say } = makeHome();
  say(topic, payload, 1_000, retained);
  expect(changes.due(999_999)).toBeUndefined();
});

test("what the broker repeats is what the next live word is compared with", () => {
  const { changes, say } = makeHome();
  say("bridge/devices", [LAMP, PLUG], 1_000, true);
  say("bridge/devices", [LAMP, PLUG], 2_000);
  expect(changes.due(999_999)).toBeUndefined();
});

test("the first list that is heard at all is compared with nothing", () => {
  const changes = new Changes(QUIET_MS);
  changes.message({ topic: "bridge/devices", retained: false, text: () => JSON.stringify([LAMP]) }, 0);
  expect(changes.due(999_999)).toBeUndefined();
});

test("several devices that join one after the other are worth one sync, at their end", () => {
  const { changes, say } = makeHome();
  for (const at of [0, 20_000, 40_000]) say("bridge/event", { type: "device_joined", data: {} }, at);
  expect(changes.due(60_000)).toBeUndefined();
  expect(changes.due(70_000)).toBe(40_000);
});

test("while devices may join, or are interviewed, a sync would refuse: it waits, and counts from then", () => {
  const { changes, say } = makeHome();
  say("bridge/info", { permit_join: true }, 0);
  say("bridge/event", { type: "device_joined", data: {} }, 1_000);
  say("bridge/devices", [LAMP, { ...PLUG, interview_state: "IN_PROGRESS" }], 1_000);
  expect(changes.due(200_000)).toBeUndefined();
  say("bridge/info", { permit_join: false }, 254_000);
  expect(changes.due(284_000)).toBeUndefined();
  say("bridge/devices", [LAMP, PLUG], 290_000);
  expect(changes.due(319_999)).toBeUndefined();
  expect(changes.due(320_000)).toBe(290_000);
});

test("that devices may no longer join is no change by itself", () => {
  const { changes, say } = makeHome();
  say("bridge/info", { permit_join: true }, 0);
  say("bridge/info", { permit_join: false }, 254_000);
  expect(changes.due(999_999)).toBeUndefined();
});

test("what changes while a sync is asked for is not forgotten with it", () => {
  const { changes, say } = makeHome();
  say("bridge/event", { type: "device_leave", data: {} }, 0);
  const since = changes.due(30_000) ?? -1;
  say("bridge/event", { type: "device_leave", data: {} }, 30_001);
  changes.settled(since);
  expect(changes.due(60_001)).toBe(30_001);
});
