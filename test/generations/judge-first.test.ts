import { expect, test } from "vitest";
import { judgeFirst } from "../../generations/judge-first.ts";

const address = (device: number) => `00158d00000000${device.toString(16).padStart(2, "0")}`;

function backup(devices: number, keyed: (device: number) => boolean): string {
  const entry = (_: unknown, device: number) => ({
    ieee_address: address(device).toUpperCase(),
    ...(keyed(device) ? { link_key: { key: "ab".repeat(16), tx_counter: 1 } } : {}),
  });
  return JSON.stringify({ devices: Array.from({ length: devices }, entry) });
}

function database(devices: number, zclVersion?: number): string {
  const entry = (_: unknown, device: number) =>
    JSON.stringify({ type: device % 2 ? "Router" : "EndDevice", ieeeAddr: `0x${address(device)}`, zclVersion });
  return [
    JSON.stringify({ type: "Coordinator", ieeeAddr: "0x00124b00" }),
    ...Array.from({ length: devices }, entry),
  ].join("\n");
}

test("a home whose devices have their keys is believed; so is one that has none of a kind", () => {
  expect(
    judgeFirst(
      backup(5, () => true),
      database(5, 3),
    ),
  ).toEqual([]);
  expect(
    judgeFirst(
      backup(0, () => true),
      database(0),
    ),
  ).toEqual([]);
  // Older devices never ask for a key of their own.
  expect(
    judgeFirst(
      backup(5, () => false),
      database(5, 1),
    ),
  ).toEqual([]);
  expect(
    judgeFirst(
      backup(5, () => false),
      database(5),
    ),
  ).toEqual([]);
  // One that has lost its row is a known weakness of Z-Stack, and no reason to go without a copy.
  expect(
    judgeFirst(
      backup(5, (device) => device === 4),
      database(5, 3),
    ),
  ).toEqual([]);
});

test("I5: tables that read as empty are not: the database knows better", () => {
  expect(
    judgeFirst(
      backup(0, () => true),
      database(5),
    ),
  ).toEqual([expect.stringContaining("no device")]);
  expect(
    judgeFirst(
      backup(5, () => false),
      database(5, 3),
    ),
  ).toEqual([expect.stringContaining("link key of the 5 devices")]);
  expect(judgeFirst("{", database(5, 3))).toEqual(["coordinator_backup.json is not readable"]);
});

test("a device or two prove nothing", () => {
  expect(
    judgeFirst(
      backup(2, () => false),
      database(2, 3),
    ),
  ).toEqual([]);
  expect(
    judgeFirst(
      backup(0, () => true),
      database(2, 3),
    ),
  ).toEqual([]);
});
