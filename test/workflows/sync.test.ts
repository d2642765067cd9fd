import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { expect, test } from "vitest";
import { syncLink } from "../../activities/sync-link.ts";
import { startSync } from "../../triggers/sync.ts";
import { NOTE_COPY_UPDATE, handoverId, serviceId, syncId } from "../../workflows/contract.ts";
import type { Copy, SyncInput, SyncReport } from "../../workflows/contract.ts";
import type { NotedCopy } from "../../workflows/service-control.ts";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import { GENERATION } from "./scripted-sync.ts";

// A handover ends a sync for real.
let play: Play;
eachPlay(
  (begun) => {
    play = begun;
  },
  {
    more: (_home, client, taskQueue) => ({
      cancelSync: syncLink(client, taskQueue).cancelSync,
    }),
  },
);

test("brings the copy to the standby, and tells the service what it holds", async () => {
  const report = await sync({ by: "person" });
  expect(report).toMatchObject({
    outcome: "updated",
    standbys: [{ node: "b", ok: true, preloaded: true, written: "all" }],
  });
  expect(steps()).toEqual(["captureLive a", "transferFile b", "preloadCoordinator b", "noteListening b"]);
  const { copies } = await play.serviceState();
  expect(copies["b"]).toMatchObject({ generation: GENERATION, preloaded: true });
});

test("where nothing has changed only the copy's time is noted, in fewer than 20 events", async () => {
  await sync({ by: "person" });
  const before = (await play.serviceState()).copies["b"]?.at ?? "";
  play.home.calls.length = 0;
  play.home.sync.captured = { ...play.home.sync.captured, changed: false };
  play.home.sync.preload = { preloaded: true, written: "nothing" };
  const handle = await startSync(play.client, { service: play.service, by: "schedule" }, play);
  expect(await handle.result()).toMatchObject({ outcome: "unchanged" });
  expect(steps()).toEqual(["captureLive a", "preloadCoordinator b"]);
  expect(((await handle.fetchHistory()).events ?? []).length).toBeLessThan(20);
  expect(Date.parse((await play.serviceState()).copies["b"]?.at ?? "")).toBeGreaterThan(Date.parse(before));
});

test("nothing automatic writes a radio before the service is armed; a person may", async () => {
  await sync({ by: "schedule" });
  await sync({ by: "person" });
  await play.order({ verb: "arm", by: "test" });
  await sync({ by: "schedule" });
  expect(play.home.sync.mayWrite).toEqual([false, true, true]);
});

test("with sync.preload switched off it does not write one either", async () => {
  play.home.sync.preloads = false;
  await sync({ by: "person" });
  expect(play.home.sync.mayWrite).toEqual([false]);
});

test("a standby that lost its copy gets it again", async () => {
  await sync({ by: "person" });
  play.home.calls.length = 0;
  play.home.sync.captured = { ...play.home.sync.captured, changed: false };
  play.home.failFirst.set("preloadCoordinator b", [{ failure: stepFailure("GENERATION_INVALID", "b") }]);
  expect(await sync({ by: "schedule" })).toMatchObject({ standbys: [{ ok: true }] });
  expect(steps()).toEqual(["captureLive a", "preloadCoordinator b", "transferFile b", "preloadCoordinator b"]);
});

test("I5: what is refused leaves the earlier copy as it was, and the sync is red", async () => {
  await sync({ by: "person" });
  const { copies } = await play.serviceState();
  play.home.fail.set("captureLive a", stepFailure("GENERATION_INVALID", "a"));
  expect(await sync({ by: "schedule" })).toMatchObject({
    outcome: "failed",
    message: expect.stringContaining("happened"),
  });
  expect((await play.serviceState()).copies).toEqual(copies);
});

test("a standby that cannot be reached keeps its earlier copy's time", async () => {
  await sync({ by: "person" });
  const { copies } = await play.serviceState();
  play.home.fail.set("preloadCoordinator b", stepFailure("HOST_UNREACHABLE", "b"));
  expect(await sync({ by: "schedule" })).toMatchObject({ outcome: "failed" });
  expect((await play.serviceState()).copies).toEqual(copies);
});

test.each([
  ["a person stopped the service", { verb: "stopped", by: "test" }],
  ["it is paused", { verb: "pause", by: "test" }],
] as const)("does nothing while %s, and says so", async (_case, control) => {
  await play.startService();
  await play.order(control);
  for (const by of ["schedule", "change"] as const) {
    expect(await sync({ by })).toMatchObject({ outcome: "skipped", message: expect.stringContaining("test") });
  }
  expect(steps()).toEqual([]);
});

test("does nothing while devices join, and says so", async () => {
  const joining = "Devices may join at the moment (permit join is on).";
  play.home.sync.captured = { skipped: joining };
  expect(await sync({ by: "schedule" })).toMatchObject({ outcome: "skipped", message: joining });
});

test("a handover ends a sync that is under way, waits for its step, and none begins while it runs", async () => {
  play.home.finishWhenCancelled.add("preloadCoordinator b");
  play.home.hang.add("stopNode a");
  const running = await startSync(play.client, { service: play.service, by: "person" }, play);
  await play.home.called("preloadCoordinator b");
  const handover = await play.start();
  await play.home.called("stopNode a");
  await expect(running.result()).rejects.toThrow(WorkflowFailedError);
  // The step that was being written to its end has told what it wrote.
  expect((await play.serviceState()).copies["b"]).toMatchObject({ preloaded: true });
  expect(await sync({ by: "person" })).toMatchObject({
    outcome: "skipped",
    message: expect.stringContaining("handover"),
  });
  await play.client.workflow.getHandle(handoverId(play.service)).cancel();
  await verdict(handover);
});

test("the Schedule's own id starts the one that is the lock", async () => {
  const id = `${syncId(play.service)}-2026-11-21T07:00:00Z`;
  const args: [SyncInput] = [{ service: play.service, by: "schedule" }];
  const scheduled = await play.client.workflow.start("sync", { workflowId: id, taskQueue: play.taskQueue, args });
  expect(await scheduled.result()).toMatchObject({ outcome: "started" });
  await eventually(async () => (await play.serviceState().catch(() => undefined))?.copies["b"]);
});

test("a scheduled run that finds every copy fresh notes their time in fewer than 20 events, its own and the service's together", async () => {
  await sync({ by: "person" });
  const handle = play.client.workflow.getHandle(serviceId(play.service));
  const before = (await play.serviceState()).copies["b"]?.at ?? "";
  const { historyLength } = await handle.describe();
  play.home.calls.length = 0;
  play.home.sync.fresh = true;
  const id = `${syncId(play.service)}-2026-11-21T07:05:00Z`;
  const args: [SyncInput] = [{ service: play.service, by: "schedule" }];
  const scheduled = await play.client.workflow.start("sync", { workflowId: id, taskQueue: play.taskQueue, args });
  expect(await scheduled.result()).toMatchObject({
    outcome: "unchanged",
    message: "Nothing has changed on a; b holds it.",
    standbys: [{ node: "b", ok: true, preloaded: true, written: "nothing" }],
  });
  expect(steps()).toEqual(["confirmCopies a"]);
  expect(Date.parse((await play.serviceState()).copies["b"]?.at ?? "")).toBeGreaterThan(Date.parse(before));
  const own = ((await scheduled.fetchHistory()).events ?? []).length;
  expect(own + (await handle.describe()).historyLength - historyLength).toBeLessThan(20);
});

test("what a look found is not noted once a handover has begun", async () => {
  await sync({ by: "person" });
  const { copies } = await play.serviceState();
  play.home.hang.add("stopNode a");
  const handover = await play.start();
  await play.home.called("stopNode a");
  const copy: Copy = { generation: GENERATION, preloaded: true, at: new Date().toISOString() };
  const service = play.client.workflow.getHandle(serviceId(play.service));
  await service.executeUpdate<void, [NotedCopy]>(NOTE_COPY_UPDATE, { args: [{ node: "b", copy, ifEpoch: 0 }] });
  expect((await play.serviceState()).copies).toEqual(copies);
  await play.client.workflow.getHandle(handoverId(play.service)).cancel();
  await verdict(handover);
});

async function sync(input: Pick<SyncInput, "by">): Promise<SyncReport> {
  const handle = await startSync(play.client, { service: play.service, ...input }, play);
  try {
    return await handle.result();
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    if (cause instanceof ApplicationFailure && cause.details?.[0]) return cause.details[0] as SyncReport;
    throw error;
  }
}

function steps(): string[] {
  return play.home.calls.filter((call) => call !== "readFacts");
}
