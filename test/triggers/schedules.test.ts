import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ScheduleOptions } from "@temporalio/client";
import type { RotationPolicy } from "../../config/automation.ts";
import type { ServiceConfig } from "../../config/user-config.ts";
import { putSchedules, wakeOverdue, wantedSchedules } from "../../triggers/schedules.ts";
import { rotationId, syncId } from "../../workflows/contract.ts";
import type { RotationReport } from "../../workflows/contract.ts";
import { beginPlay, eventually, makeGround } from "../workflows/harness.ts";
import type { Ground, Play } from "../workflows/harness.ts";

let ground: Ground;
let play: Play;
beforeAll(async () => {
  ground = await makeGround();
});
afterAll(() => ground.temporal.stop());
beforeEach(async () => {
  play = await beginPlay(ground);
});
afterEach(async () => {
  await putSchedules(play.client, [], play.taskQueue);
  await play.end();
});

const DAILY: RotationPolicy = { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], at: "03:31", timeZone: "UTC" };

test("are made, brought up to date, and removed as understudy.yaml says; a person's pause stays", async () => {
  await put({ everyMs: 300_000, rotation: DAILY });
  await put({ everyMs: 300_000, rotation: DAILY });
  const sync = play.client.schedule.getHandle(syncId(play.service));
  const rotation = play.client.schedule.getHandle(rotationId(play.service));
  expect(await sync.describe()).toMatchObject({
    spec: { intervals: [{ every: 300_000 }] },
    policies: { overlap: "SKIP", catchupWindow: 60_000 },
  });
  expect(await rotation.describe()).toMatchObject({
    spec: { calendars: [{ hour: [{ start: 3 }], minute: [{ start: 31 }] }] },
    policies: { overlap: "SKIP", catchupWindow: 300_000 },
  });

  await sync.pause("while the attic is rebuilt");
  await put({ everyMs: 600_000, rotation: undefined });
  expect(await sync.describe()).toMatchObject({ spec: { intervals: [{ every: 600_000 }] }, state: { paused: true } });
  // What a list shows lags behind.
  await eventually(async () => {
    await put({ everyMs: 600_000, rotation: undefined });
    return rotation.describe().then(
      () => undefined,
      () => true,
    );
  });
});

test("the rotation hands over at its time, by itself and only when armed", async () => {
  await play.startService();
  await fireSoon();
  expect(await firstRotation()).toMatchObject({
    outcome: "skipped",
    message: expect.stringContaining("understudy arm"),
  });

  await putSchedules(play.client, [], play.taskQueue);
  await play.order({ verb: "arm", by: "test" });
  await play.order({ verb: "pause", by: "the owner", reason: "guests" });
  await fireSoon();
  expect(await firstRotation()).toMatchObject({ outcome: "skipped", message: expect.stringContaining("guests") });
  expect(play.home.calls).not.toContain("preflight");

  await putSchedules(play.client, [], play.taskQueue);
  await play.order({ verb: "resume", by: "test" });
  await fireSoon();
  expect(await firstRotation()).toMatchObject({
    outcome: "done",
    handover: { from: "a", to: "b", reason: "rotation" },
  });
}, 180_000);

test("what was due while the controller was down is not made up for", async () => {
  await play.startService();
  await play.order({ verb: "arm", by: "test" });
  // The shortest catch-up window that Temporal takes.
  const wanted = await fireSoon({ catchupWindow: "10s" }, 15);
  await ground.temporal.away(28_000);
  const handle = play.client.schedule.getHandle(rotationId(play.service));
  // A server that has just come up does not answer everything yet, and can leave schedules asleep: a worker wakes them.
  const info = await eventually(async () => {
    try {
      await wakeOverdue(play.client, wanted, new Date(Date.now() + 60_000));
      const described = (await handle.describe()).info;
      return (described.nextActionTimes[0]?.getTime() ?? 0) > Date.now() ? described : undefined;
    } catch {
      return undefined;
    }
  }, 90_000);
  expect(info).toMatchObject({ numActionsTaken: 0, recentActions: [], runningActions: [] });
  expect(play.home.calls).not.toContain("preflight");
}, 180_000);

function put({ everyMs, rotation }: { everyMs: number; rotation: RotationPolicy | undefined }): Promise<void> {
  const automation = { sync: { everyMs, preload: true }, ...(rotation ? { rotation } : {}) };
  const service = { name: play.service, automation } as unknown as ServiceConfig;
  return putSchedules(
    play.client,
    wantedSchedules({ services: [service] }, play.taskQueue, new Date()),
    play.taskQueue,
  );
}

/** The rotation as understudy.yaml has it, but for the second: in a few seconds, once. */
async function fireSoon(
  policies: ScheduleOptions["policies"] = {},
  inSeconds = 3,
): Promise<ReturnType<typeof wantedSchedules>> {
  const at = new Date(Date.now() + inSeconds * 1000);
  const clock = at.toISOString().slice(11, 16);
  const automation = { sync: { everyMs: 86_400_000, preload: true }, rotation: { ...DAILY, at: clock } };
  const service = { name: play.service, automation } as unknown as ServiceConfig;
  const wanted = wantedSchedules({ services: [service] }, play.taskQueue, new Date()).map((schedule) => ({
    ...schedule,
    spec: {
      ...schedule.spec,
      ...(schedule.spec.calendars
        ? { calendars: schedule.spec.calendars.map((calendar) => ({ ...calendar, second: at.getUTCSeconds() })) }
        : {}),
    },
    policies: { ...schedule.policies, ...policies },
  }));
  await putSchedules(play.client, wanted, play.taskQueue);
  return wanted;
}

/** What the run that the schedule started came to. */
async function firstRotation(): Promise<RotationReport> {
  const handle = play.client.schedule.getHandle(rotationId(play.service));
  const action = await eventually(async () => (await handle.describe()).info.recentActions[0]?.action, 20_000);
  return play.client.workflow.getHandle(action.workflow.workflowId).result() as Promise<RotationReport>;
}
