import { expect, test } from "vitest";
import { createDevices, deviceFromJSON } from "../../../lab/devices/index.ts";

test("twelve devices are five lights, four plugs and three sensors, and the first three differ", () => {
  const types = createDevices(12).map((device) => device.toJSON().type);
  const count = (type: string) => types.filter((candidate) => candidate === type).length;
  expect([count("light"), count("plug"), count("sensor")]).toEqual([5, 4, 3]);
  expect(new Set(types.slice(0, 3)).size).toBe(3);
});

test("only the sensors sleep", () => {
  for (const device of createDevices(12)) {
    expect(device.kind).toBe(device.toJSON().type === "sensor" ? "sleepy-end-device" : "router");
  }
});

test("devices of one kind share nothing", () => {
  const [light, , , other] = createDevices(4);
  light?.change("genOnOff", "onOff", 1);
  expect([light?.state().state, other?.state().state]).toEqual(["ON", "OFF"]);
});

test.each([null, {}, { type: "toaster" }, { type: "toString" }])("%j is no stored device", (stored) => {
  expect(() => deviceFromJSON(stored)).toThrow("its type is not known");
});
