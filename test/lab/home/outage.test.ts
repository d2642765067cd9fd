import { describe, expect, it } from "vitest";
import { measureOutage } from "../../../lab/home/outage.ts";

const received = (...moments: [number, string][]) => moments.map(([at, dongle]) => ({ at, dongle }));

describe("the outage of a handover", () => {
  it("is the time from the last command through the old node to the first through the new one", () => {
    const record = received([0, "a"], [50, "a"], [100, "a"], [9100, "b"], [9150, "b"]);
    expect(measureOutage(record, "a", "b")).toEqual({ outageMs: 9000, lastBefore: 100, firstAfter: 9100 });
  });

  it("is that of the last handover when the network went back and forth", () => {
    const record = received([0, "a"], [1000, "b"], [5000, "a"], [9000, "b"]);
    expect(measureOutage(record, "a", "b")?.outageMs).toBe(4000);
  });

  it("is unknown while the new node has delivered nothing", () => {
    expect(measureOutage(received([0, "a"], [10, "a"]), "a", "b")).toBeUndefined();
    expect(measureOutage(received([5, "b"], [10, "a"]), "a", "b")).toBeUndefined();
  });

  it("is unknown when the old node never delivered anything", () => {
    expect(measureOutage(received([5, "b"]), "a", "b")).toBeUndefined();
  });
});
