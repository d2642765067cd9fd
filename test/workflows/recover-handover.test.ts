import { expect, test } from "vitest";
import { serviceId } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import type { ScriptedHome } from "./scripted-activities.ts";

let play: Play;
let home: ScriptedHome;
eachPlay((begun) => {
  play = begun;
  ({ home } = play);
});

test.each([
  ["before the start", "restoreNvram b", "a", "returned"],
  ["after the start was issued", "startNode b", "b", "done"],
  ["while it is proven", "proveNode b", "b", "done"],
])("a handover terminated %s is noticed and brought to an end", async (_when, at, serving, outcome) => {
  home.hang.add(at);
  const handle = await play.start();
  await home.called(at);
  home.hang.clear();
  await handle.terminate("from the UI");
  const state = await play.settled();
  expect(state.history[0]).toMatchObject({ kind: "recovery", outcome });
  expect(state.holder).toBe(serving);
  expect(home.running).toEqual(new Set([serving]));
});

test("a new switchover recovers the unfinished one first", async () => {
  home.hang.add("transferFile b");
  const first = await play.start();
  await home.called("transferFile b");
  home.hang.clear();
  await first.terminate("from the UI");
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("done");
  expect(home.calls.lastIndexOf("startNode b")).toBeGreaterThan(home.calls.indexOf("startNode a"));
});

test("who serves after a recovery is known, although the switchover after it was refused", async () => {
  home.hang.add("proveNode b");
  const first = await play.start();
  await home.called("proveNode b");
  home.hang.clear();
  await first.terminate("from the UI");
  home.fail.set("preflight", stepFailure("HOST_UNREACHABLE", "a"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("refused");
  const state = await play.serviceState();
  expect(state).toMatchObject({ holder: "b", epoch: home.granted.get("b") });
  expect(state.unfinished).toBeUndefined();
});

test("what cannot be established stays unknown and is asked again", async () => {
  home.hang.add("startNode b");
  home.unreachable.add("b");
  const handle = await play.start();
  await home.called("startNode b");
  home.hang.clear();
  await handle.terminate("from the UI");
  await eventually(
    async () => ((await play.serviceState()).history[0]?.outcome === "unknown" ? true : undefined),
    40_000,
  );
  home.unreachable.clear();
  expect((await play.settled()).holder).toBe("b");
});

test("I9: a way back that was terminated while it wrote the old coordinator is brought to an end", async () => {
  home.fail.set("transferFile b", stepFailure("DISK_FULL", "b"));
  home.hang.add("raiseCounters a");
  const handle = await play.start();
  await home.called("raiseCounters a");
  home.dirty.add("a");
  home.hang.clear();
  await handle.terminate("from the UI");
  const state = await play.settled();
  expect(state.history[0]).toMatchObject({ kind: "recovery", outcome: "returned" });
  expect(home.running).toEqual(new Set(["a"]));
});

test("I8: a proof that cannot be seen stops nothing; it is made when it can be", async () => {
  home.fail.set("proveNode b", stepFailure("BROKER_UNREACHABLE", "b"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("unknown");
  expect(home.running).toEqual(new Set(["b"]));
  home.fail.clear();
  expect(await play.settled()).toMatchObject({ holder: "b" });
  expect(home.calls).not.toContain("stopNode b");
});

test("I1: an old node that serves again unseen gets no company", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  home.fail.set("proveNode a", stepFailure("HOST_UNREACHABLE", "a"));
  const handle = await play.start();
  await home.called("startNode a");
  home.unreachable.add("a");
  expect((await verdict(handle)).outcome).toBe("unknown");
  await eventually(
    async () => ((await play.serviceState()).history[0]?.kind === "recovery" ? true : undefined),
    40_000,
  );
  expect(home.running).toEqual(new Set(["a"]));
  home.fail.clear();
  home.unreachable.clear();
  expect(await play.settled()).toMatchObject({ holder: "a" });
  expect(home.ranTogether).toBe(false);
});

test("I3: a recovery that goes back knows what was written to the new coordinator", async () => {
  home.found = { network: 900_000, linkKeys: 90_000 };
  home.hang.add("startNode b");
  home.fail.set("dumpNvram b", stepFailure("COORDINATOR_UNREADABLE", "b"));
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  const handle = await play.start();
  await home.called("startNode b");
  home.hang.clear();
  await handle.terminate("from the UI");
  const state = await play.settled();
  expect(state.holder).toBe("a");
  expect(state.highestCounters.network).toBeGreaterThan((home.written.get("b")?.network ?? Infinity) + 1_000);
});

test("an epoch is used once, by a recovery too", async () => {
  home.hang.add("startNode b");
  const handle = await play.start();
  await home.called("startNode b");
  home.hang.clear();
  await handle.terminate("from the UI");
  const { epoch } = await play.settled();
  expect(epoch).toBeGreaterThan(2);
  expect(home.granted.get("b")).toBe(epoch);
  // The recovery tells its verdict just before it closes.
  const next = await verdict(await eventually(() => play.start().catch(() => undefined)));
  expect(next.epoch).toBe(epoch + 1);
});

test("before the first handover the service says who serves, because it asked the nodes", async () => {
  await play.client.workflow.start("service", {
    workflowId: serviceId(play.service),
    taskQueue: play.taskQueue,
    args: [{ service: play.service }],
  });
  expect(await eventually(async () => (await play.serviceState()).holder)).toBe("a");
});
