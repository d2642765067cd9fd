import { expect, test } from "vitest";
import { ActivityLog, type NetworkIdentity } from "../../../lab/air/activity-log.ts";

const home: NetworkIdentity = { panId: 1, channel: 15, extendedPanId: "aa", keyId: "k", ieee: "01" };

test("one after the other is no double activity, not even in the same millisecond", () => {
  const log = new ActivityLog();
  log.activated("a", home, 100);
  log.deactivated("a", 200);
  log.activated("b", home, 200);
  expect(log.doubleActivities()).toEqual([]);
  expect(log.doubleActiveMs(1000)).toBe(0);
});

test("an overlap counts from the second's start to the first's end", () => {
  const log = new ActivityLog();
  log.activated("a", home, 100);
  log.activated("b", home, 150);
  expect(log.doubleActiveMs(160)).toBe(10);
  expect(log.doubleActivities()).toMatchObject([{ coordinators: ["a", "b"], from: 150, to: undefined }]);
  log.deactivated("a", 175);
  log.deactivated("b", 500);
  expect(log.doubleActiveMs(1000)).toBe(25);
});

test("three at a time are not counted twice", () => {
  const log = new ActivityLog();
  for (const [name, from, to] of [
    ["a", 0, 100],
    ["b", 50, 150],
    ["c", 60, 80],
  ] as const) {
    log.activated(name, home, from);
    log.deactivated(name, to);
  }
  expect(log.doubleActivities()).toHaveLength(3);
  expect(log.doubleActiveMs(1000)).toBe(50);
});

test("other networks do not count; the same PAN id with the same key does, and so does the same extended PAN id", () => {
  const log = new ActivityLog();
  log.activated("a", home, 0);
  log.activated("other", { ...home, extendedPanId: "bb", keyId: "l" }, 0);
  log.activated("another", { ...home, extendedPanId: "dd", panId: 2 }, 0);
  expect(log.doubleActiveMs(10)).toBe(0);
  log.activated("same key", { ...home, extendedPanId: "cc" }, 10);
  expect(log.doubleActiveMs(20)).toBe(10);
  log.deactivated("same key", 20);
  log.activated("same extended PAN id", { ...home, panId: 3, keyId: "m" }, 30);
  expect(log.doubleActiveMs(40)).toBe(20);
});

test("a coordinator that changes its network ends what it was before", () => {
  const log = new ActivityLog();
  log.activated("a", home, 0);
  log.activated("b", home, 10);
  log.activated("b", { ...home, extendedPanId: "bb", panId: 2 }, 20);
  expect(log.doubleActiveMs(100)).toBe(10);
  expect(log.active()).toEqual(["a", "b"]);
});
