import { setTimeout as pause } from "node:timers/promises";
import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { Context } from "@temporalio/activity";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { FenceTestActivities, FenceTestStep } from "../../workflows/activity-types.ts";
import { handoverId } from "../../workflows/contract.ts";
import type { FenceTestInput, HandoverReport } from "../../workflows/contract.ts";
import { startFenceTest } from "../../triggers/manual.ts";
import { beginPlay, makeGround } from "./harness.ts";
import type { Ground, Play } from "./harness.ts";

let ground: Ground;
let play: Play;
/** What was done, in its order. */
let done: string[];
/** What the devices do in this test. */
let off: (step: FenceTestStep) => Promise<void>;
let on: () => Promise<void>;
let proven: (step: FenceTestStep) => boolean;

beforeAll(async () => {
  ground = await makeGround();
});
afterAll(() => ground?.temporal.stop());
beforeEach(async () => {
  done = [];
  off = () => Promise.resolve();
  on = () => Promise.resolve();
  proven = () => true;
  play = await beginPlay(ground, undefined, () => ({ ...devices }));
});
afterEach(() => play?.end());

const devices: FenceTestActivities = {
  planFenceTest: () =>
    Promise.resolve({
      bootId: "boot-1",
      others: ["a"],
      rungs: [1, 2].map((index) => ({ index, name: `outlet ${index}`, mapping: `outlet ${index} #1` })),
    }),
  async fenceTestOff(step) {
    done.push(`off ${step.rung.name} ${step.bootId}`);
    await off(step);
    return { detail: "it is off" };
  },
  async fenceTestOn(step) {
    done.push(`on ${step.rung.name}`);
    await on();
    const isProven = proven(step);
    return {
      proven: isProven,
      detail: isProven ? "it booted anew" : "the same boot",
      bootId: `boot-${step.rung.index + 1}`,
    };
  },
};

async function run(input: Partial<FenceTestInput> = {}): Promise<HandoverReport> {
  const handle = await startFenceTest(play.client, { service: play.service, node: "b", by: "me", ...input }, play);
  try {
    return await handle.result();
  } catch (error) {
    return reportIn(error);
  }
}

function reportIn(error: unknown): HandoverReport {
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
    return error.cause.details?.[0] as HandoverReport;
  throw error;
}

const mappings = async () => ((await play.serviceState()).fenceTests?.["b"] ?? []).map(({ mapping }) => mapping);

test("every rung is switched off and on, one after the other, and what is proven is kept", async () => {
  const { outcome, message } = await run();
  expect({ outcome, message }).toEqual({
    outcome: "done",
    message: "Proven: outlet 1 and outlet 2 switch b and nothing else.",
  });
  // The second one starts from the boot that the first one ended with.
  expect(done).toEqual(["off outlet 1 boot-1", "on outlet 1", "off outlet 2 boot-2", "on outlet 2"]);
  expect(await mappings()).toEqual(["outlet 1 #1", "outlet 2 #1"]);
});

test("whatever became of the off, the power comes back, and the next rung is left alone", async () => {
  off = () => Promise.reject(ApplicationFailure.nonRetryable("a stopped answering instead", "FENCING_FAILED"));
  const { outcome, message } = await run();
  expect({ outcome, message }).toEqual({
    outcome: "failed",
    message: expect.stringContaining("Not proven that outlet 1"),
  });
  expect(done).toEqual(["off outlet 1 boot-1", "on outlet 1"]);
  expect(await mappings()).toEqual([]);
});

test("a node that comes back in the same boot was never off; what was proven before stays", async () => {
  proven = ({ rung }) => rung.index === 1;
  expect(await run()).toMatchObject({ outcome: "failed", message: expect.stringContaining("the same boot") });
  expect(await mappings()).toEqual(["outlet 1 #1"]);
});

test("a cancellation in the middle does not leave the node without power", async () => {
  let began = false;
  off = async () => {
    began = true;
    await pause(1_000, undefined, { signal: Context.current().cancellationSignal });
  };
  const handle = await startFenceTest(play.client, { service: play.service, node: "b", by: "me" }, play);
  await expect.poll(() => began).toBe(true);
  await handle.cancel();
  await handle.result().catch(() => undefined);
  expect(done.slice(0, 2)).toEqual(["off outlet 1 boot-1", "on outlet 1"]);
  expect(done.length % 2).toBe(0);
});

test("a termination in the middle does not leave the node without power", async () => {
  let began = false;
  off = async () => {
    began = true;
    await pause(1_000);
  };
  const handle = await startFenceTest(play.client, { service: play.service, node: "b", by: "me" }, play);
  await expect.poll(() => began).toBe(true);
  await handle.terminate("by a person, in Temporal's UI");
  await expect.poll(() => done).toEqual(["off outlet 1 boot-1", "on outlet 1"]);
});

test("a worker killed in the middle does not leave the node without power, however long no other is there", async () => {
  // As of a worker that is gone, nothing is heard of it any more; another one takes the next step.
  off = async () => {
    await pause(20_000);
  };
  const handle = await startFenceTest(play.client, { service: play.service, node: "b", by: "me" }, play);
  await expect.poll(() => done, { timeout: 30_000 }).toEqual(["off outlet 1 boot-1", "on outlet 1"]);
  expect(reportIn(await handle.result().catch((error: unknown) => error))).toMatchObject({ outcome: "failed" });
  const { events } = await play.client.workflow
    .getHandle(`${handoverId(play.service)}:${handle.firstExecutionRunId}:rung-1`)
    .fetchHistory();
  const giving = events?.find(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === "fenceTestOn",
  );
  // Temporal fills it with the run's own limit, which is none.
  expect(Number(giving?.activityTaskScheduledEventAttributes?.scheduleToCloseTimeout?.seconds ?? 0)).toBe(0);
});

test("where the power does not come back, it is said what to switch on", async () => {
  on = () => Promise.reject(ApplicationFailure.nonRetryable("It reads off.", "FENCING_FAILED"));
  const { outcome, message } = await run();
  expect({ outcome, message }).toEqual({
    outcome: "failed",
    message:
      "Not proven that outlet 1 switches b: It reads off. It may be without power: switch outlet 1 on by hand, and see that b boots.",
  });
});

test("the lock is the handover's: no fence test beside a handover", async () => {
  off = () => pause(1_500);
  const first = await startFenceTest(play.client, { service: play.service, node: "b", by: "me" }, play);
  await expect(play.start()).rejects.toMatchObject({ name: "WorkflowExecutionAlreadyStartedError" });
  expect(first.workflowId).toBe(handoverId(play.service));
  await first.result();
});
