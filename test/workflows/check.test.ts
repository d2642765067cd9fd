import { expect, test } from "vitest";
import { checkId, handoverId } from "../../workflows/contract.ts";
import type { CheckReport, HandoverReport } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import type { Play } from "./harness.ts";

let play: Play;
eachPlay(async (begun) => {
  play = begun;
  await play.startService();
});

const check = () =>
  play.client.workflow.execute<(input: { service: string }) => Promise<CheckReport>>("check", {
    workflowId: checkId(play.service),
    taskQueue: play.taskQueue,
    args: [{ service: play.service }],
  });

test("I8: a service that serves is left alone", async () => {
  expect(await check()).toMatchObject({ serves: "yes", because: "devices answer through a" });
  expect(play.home.calls).not.toContain("checkFitness");
});

test("one that is down is taken over, also where the service only observes and is paused", async () => {
  await play.order({ verb: "pause", by: "a test" });
  play.home.running.clear();
  const report = await check();
  expect(report).toMatchObject({ serves: "no", handover: { workflowId: handoverId(play.service) } });
  const { runId } = report.handover ?? {};
  const taken = (await play.client.workflow.getHandle(handoverId(play.service), runId).result()) as HandoverReport;
  expect(taken).toMatchObject({ outcome: "done", from: "a", to: "b", kind: "failover" });
  expect(play.home.calls).not.toContain("restartInPlace a");
}, 60_000);

test("a service that a person stopped is meant to be down", async () => {
  await play.order({ verb: "stopped", by: "somebody" });
  play.home.running.clear();
  const checking = check();
  expect(await checking).toMatchObject({ serves: "no", because: expect.stringContaining("stopped by somebody") });
  expect(play.home.calls).not.toContain("checkFitness");
}, 90_000);
