import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { expect, test } from "vitest";
import { handoverId, rotationId } from "../../workflows/contract.ts";
import type { RotationReport } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";

const JOINING = "Devices may join at the moment (permit join is on).";

let play: Play;
eachPlay(async (begun) => {
  play = begun;
  await play.startService();
  await play.order({ verb: "arm", by: "test" });
});

test("row 43: waits while devices join, and hands over when they are through", async () => {
  play.home.sync.disturbances = [JOINING, JOINING];
  expect(await rotate()).toMatchObject({ outcome: "done", handover: { kind: "switchover", reason: "rotation" } });
  expect(play.home.calls.filter((call) => call === "findDisturbance a")).toHaveLength(3);
});

test("gives up for the day when they are not through within an hour", async () => {
  play.home.sync.disturbances = Array.from({ length: 50 }, () => JOINING);
  expect(await rotate()).toMatchObject({ outcome: "skipped", message: expect.stringContaining(JOINING) });
  expect(play.home.calls.filter((call) => call === "findDisturbance a")).toHaveLength(13);
  expect(play.home.calls).not.toContain("preflight");
});

test("a pause that a person sets while it looks for devices that join is respected", async () => {
  play.home.failFirst.set("findDisturbance a", [
    {
      failure: stepFailure("BROKER_UNREACHABLE", "a", { retryable: true }),
      after: () => play.order({ verb: "pause", by: "me", reason: "new router" }),
    },
  ]);
  expect(await rotate()).toMatchObject({ outcome: "skipped", message: expect.stringContaining("me paused") });
  expect(play.home.calls).not.toContain("preflight");
});

test("is skipped while a handover runs", async () => {
  play.home.hang.add("preflight");
  const handover = await play.start();
  await play.home.called("preflight");
  expect(await rotate()).toMatchObject({ outcome: "skipped", message: expect.stringContaining("handover") });
  await play.client.workflow.getHandle(handoverId(play.service)).cancel();
  await verdict(handover);
});

test("what it cannot find out does not keep it from handing over, which checks for itself", async () => {
  play.home.fail.set("findDisturbance a", stepFailure("BROKER_UNREACHABLE", "a"));
  expect(await rotate()).toMatchObject({ outcome: "done" });
});

test("a handover that was refused or came back makes it red, with the report", async () => {
  play.home.fail.set("restoreNvram b", stepFailure("COORDINATOR_VERIFY_FAILED", "b"));
  expect(await rotate()).toMatchObject({
    failed: "HANDOVER_RETURNED",
    outcome: "returned",
    handover: { error: { id: "COORDINATOR_VERIFY_FAILED" } },
  });
});

async function rotate(): Promise<RotationReport & { failed?: string }> {
  const { client, service, taskQueue } = play;
  const handle = await client.workflow.start("rotation", {
    workflowId: `${rotationId(service)}-2026-11-22T03:31:00Z`,
    taskQueue,
    args: [{ service, againMs: 50 }],
  });
  try {
    return (await handle.result()) as RotationReport;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    if (!(cause instanceof ApplicationFailure)) throw error;
    return { ...(cause.details?.[0] as RotationReport), failed: cause.type ?? "" };
  }
}
