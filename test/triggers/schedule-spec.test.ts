import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RotationPolicy } from "../../config/automation.ts";
import { rotationSpec } from "../../triggers/schedule-spec.ts";
import { startTemporal } from "../support/temporal.ts";
import type { TestTemporal } from "../support/temporal.ts";

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const ANY_DAY: RotationPolicy["days"] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

describe("the rotation's days, as Temporal's server reckons them", () => {
  test("wednesdays and sundays at 03:31 in the home's time zone", async () => {
    const policy: RotationPolicy = { days: ["wed", "sun"], at: "03:31", timeZone: "Europe/Berlin" };
    expect(await times(policy, "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z")).toEqual([
      "Sun, 22/11/2026, 03:31",
      "Wed, 25/11/2026, 03:31",
      "Sun, 29/11/2026, 03:31",
    ]);
  });

  // In Berlin both changes leave 03:31 alone; in Helsinki it is left out in spring, and comes twice in autumn.
  test.each([
    ["Europe/Berlin", "03:31", "2027-03-28", ["03:31"]],
    ["Europe/Berlin", "03:31", "2027-10-31", ["03:31"]],
    ["Europe/Berlin", "02:31", "2027-03-28", ["03:31"]],
    ["Europe/Berlin", "02:31", "2027-10-31", ["03:31"]],
    ["Europe/Helsinki", "03:31", "2027-03-28", ["04:31"]],
    ["Europe/Helsinki", "03:31", "2027-10-31", ["04:31"]],
    ["Australia/Lord_Howe", "01:45", "2027-04-04", ["02:45"]],
  ])("%s at %s: once on the day of the change, %s", async (timeZone, at, date, clocks) => {
    const policy: RotationPolicy = { days: ANY_DAY, at, timeZone };
    const day = Date.parse(`${date}T00:00:00Z`);
    const around = await times(
      policy,
      new Date(day - 24 * 3_600_000).toISOString(),
      new Date(day + 36 * 3_600_000).toISOString(),
    );
    const [year, month, dayOfMonth] = date.split("-");
    const on = around.filter((time) => time.includes(`${dayOfMonth}/${month}/${year}`));
    expect(on.map((time) => time.slice(-5))).toEqual(clocks);
  });
});

/** As a clock in that time zone shows them. */
async function times(policy: RotationPolicy, from: string, to: string): Promise<string[]> {
  const { client } = temporal;
  const scheduleId = `rotation:${policy.timeZone}-${policy.at}-${from}`;
  await client.schedule.create({
    scheduleId,
    spec: rotationSpec(policy, new Date("2026-11-21T12:00:00Z")),
    action: { type: "startWorkflow", workflowType: "rotation", taskQueue: "nobody" },
    state: { paused: true },
  });
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: "default",
    scheduleId,
    startTime: { seconds: (Date.parse(from) / 1000) as never },
    endTime: { seconds: (Date.parse(to) / 1000) as never },
  });
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: policy.timeZone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return startTime.map(({ seconds }) => clock.format(Number(seconds) * 1000));
}
