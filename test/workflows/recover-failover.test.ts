import { expect, test } from "vitest";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import type { ScriptedHome } from "./scripted-activities.ts";
import { NOT_OFF } from "./scripted-emergency.ts";

let play: Play;
let home: ScriptedHome;
eachPlay(async (begun) => {
  play = begun;
  ({ home } = play);
  await play.startService();
  home.running.delete("a");
  home.unreachable.add("a");
});

/** Ends the failover in the middle of a step, as somebody in Temporal's UI can. */
async function terminateIn(step: string): Promise<void> {
  home.hang.add(step);
  const handle = await play.failover();
  await home.called(step);
  home.hang.clear();
  await handle.terminate("from the UI");
}

test.each(["fenceNode a", "raiseCounters b", "applyConfig b", "startNode b", "proveNode b"])(
  "I9: a failover terminated in %s is noticed, and the standby takes over, fence first",
  async (step) => {
    await terminateIn(step);
    const state = await play.settled();
    expect(state).toMatchObject({ holder: "b", history: [{ kind: "recovery", outcome: "done" }] });
    expect(home.running).toEqual(new Set(["b"]));
    // A standby that runs is only proven; in every other case what was proven need not hold any more.
    const fences = home.calls.filter((call) => call === "fenceNode a").length;
    expect(fences).toBe(step === "proveNode b" ? 1 : 2);
    expect(home.calls.lastIndexOf("fenceNode a")).toBeLessThan(home.calls.lastIndexOf("startNode b"));
    expect(home.granted.get("b")).toBe(state.epoch);
  },
  60_000,
);

test("an old node that serves after all is left alone", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  await play.waiting();
  home.unreachable.clear();
  home.running.add("a");
  await handle.terminate("from the UI");
  expect(await play.settled()).toMatchObject({ holder: "a", history: [{ kind: "recovery", outcome: "returned" }] });
  expect(home.calls).not.toContain("startNode b");
  expect(home.calls).not.toContain("stopNode a");
}, 60_000);

test("I8: an old node that runs, and of which no more can be seen, is not fenced", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  await play.waiting();
  home.unreachable.clear();
  home.running.add("a");
  home.fail.set("proveNode a", stepFailure("BROKER_UNREACHABLE", "a"));
  const fences = home.calls.filter((call) => call === "fenceNode a").length;
  await handle.terminate("from the UI");
  await eventually(
    async () => ((await play.serviceState()).history[0]?.outcome === "unknown" ? true : undefined),
    40_000,
  );
  expect(home.calls.filter((call) => call === "fenceNode a").length).toBe(fences);
  expect(home.running).toEqual(new Set(["a"]));
}, 60_000);

test("the recovery waits for a person where the fence is not proven, and takes their word", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  const first = await play.waiting();
  await handle.terminate("from the UI");
  const again = await eventually(async () => {
    const report = await play.waiting().catch(() => undefined);
    return report && report.runId !== first.runId ? report : undefined;
  }, 40_000);
  expect(again.kind).toBe("recovery");
  await expect(play.confirmFenced("a", first.runId)).rejects.toMatchObject({
    cause: { message: expect.stringContaining("another handover") },
  });
  await play.confirmFenced("a", again.runId);
  expect(await play.settled()).toMatchObject({ holder: "b" });
}, 60_000);

test("I1: what a person confirmed for the recovery does not count for the failover after it", async () => {
  home.emergency.fence = NOT_OFF;
  const first = await play.failover();
  await play.waiting();
  await first.terminate("from the UI");
  const second = await play.failover({ to: "b" });
  const { runId } = await play.waiting();
  home.failFirst.set("raiseCounters b", [
    { failure: stepFailure("COORDINATOR_WRITE_FAILED", "b"), after: () => home.unreachable.clear() },
  ]);
  await play.confirmFenced("a", runId);
  await home.called("startNode a");
  expect((await play.waiting()).waitsForPerson.node).toBe("a");
  expect(home.running).toEqual(new Set(["a"]));
  expect(home.calls).not.toContain("startNode b");
  await second.cancel();
}, 60_000);

test("I1, I3: a standby that may have been started is proven silent before the old node serves again", async () => {
  await terminateIn("startNode b");
  home.emergency.unfit = "Its coordinator does not answer.";
  home.fail.set("silenceNode b", stepFailure("COORDINATOR_NOT_SILENT", "b"));
  home.unreachable.clear();
  await eventually(
    async () => ((await play.serviceState()).history[0]?.outcome === "failed" ? true : undefined),
    40_000,
  );
  expect(home.running).toEqual(new Set());
  home.fail.clear();
  expect(await play.settled()).toMatchObject({ holder: "a", history: [{ kind: "recovery", outcome: "returned" }, {}] });
  const order = ["silenceNode b", "dumpNvram b", "raiseCounters a", "startNode a"];
  expect(home.calls.filter((call) => order.includes(call)).slice(-4)).toEqual(order);
}, 90_000);

test("a standby that is no longer fit gives way to the old node, which may be fenced", async () => {
  await terminateIn("raiseCounters b");
  home.emergency.unfit = "There is no coordinator at /dev/serial/by-id/x.";
  home.unreachable.clear();
  const state = await play.settled();
  expect(state).toMatchObject({ holder: "a", history: [{ kind: "recovery", outcome: "returned" }] });
  expect(home.calls).toContain("unfenceNode a");
  expect(home.running).toEqual(new Set(["a"]));
}, 60_000);

test("a standby that a person has taken out does not take over again, and gives way to the old node", async () => {
  home.failFirst.set("raiseCounters b", [
    {
      failure: stepFailure("HOST_UNREACHABLE", "b", { retryable: true }),
      after: () => play.order({ verb: "standby", node: "b", by: "me" }),
    },
  ]);
  await terminateIn("applyConfig b");
  home.unreachable.clear();
  expect(await play.settled()).toMatchObject({ holder: "a", history: [{ kind: "recovery", outcome: "returned" }] });
  expect(home.calls).not.toContain("startNode b");
  expect(home.running).toEqual(new Set(["a"]));
}, 60_000);

test("a failover that follows one that was terminated finishes that one, and starts no other", async () => {
  home.hang.add("raiseCounters b");
  const handle = await play.failover();
  await home.called("raiseCounters b");
  home.hang.clear();
  await handle.terminate("from the UI");
  const report = await verdict(await eventually(() => play.failover().catch(() => undefined)));
  expect(report.outcome).toBe("done");
  expect(home.calls).not.toContain("fenceNode b");
  expect(home.running).toEqual(new Set(["b"]));
  expect(home.ranTogether).toBe(false);
}, 60_000);

test("I6: a planned switchover whose old node is lost in the middle is finished by a failover", async () => {
  home.unreachable.clear();
  home.running.add("a");
  home.hang.add("transferFile b");
  const planned = await play.start();
  await home.called("transferFile b");
  home.hang.clear();
  home.unreachable.add("a");
  await planned.terminate("from the UI");
  await eventually(
    async () => ((await play.serviceState()).history[0]?.outcome === "unknown" ? true : undefined),
    40_000,
  );
  expect((await play.serviceState()).unfinished).toBeDefined();
  const report = await verdict(await eventually(() => play.failover({ by: "service" }).catch(() => undefined)));
  expect(report).toMatchObject({ outcome: "done", from: "a", to: "b" });
  const state = await play.serviceState();
  expect(state).toMatchObject({ holder: "b" });
  expect(state.unfinished).toBeUndefined();
}, 90_000);
