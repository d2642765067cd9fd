import { WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from "@temporalio/client";
import { describe, expect, test } from "vitest";
import { NOTE_COPY_UPDATE, serviceId } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";

let play: Play;
eachPlay((begun) => {
  play = begun;
});

/** What was done to the nodes. */
function changes(): readonly string[] {
  return play.home.calls.filter((call) => call !== "readFacts" && call !== "cancelSync");
}

/** The service's workflow, once it knows from the nodes who serves. */
async function known(): Promise<void> {
  await play.order({ verb: "observe", by: "test" });
  await eventually(async () => (await play.serviceState()).holder);
}

describe("orders", () => {
  test("are taken before the first handover, and told in the state", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await play.order({ verb: "arm", by: "anna@pi" });
    const state = await play.order({ verb: "pause", by: "anna@pi", reason: "holiday", until });
    expect(state).toMatchObject({ mode: "armed", paused: { by: "anna@pi", reason: "holiday", until } });
    expect((await play.order({ verb: "resume", by: "anna@pi" })).paused).toBeUndefined();
  });

  test("that make no sense are refused in words, and leave nothing behind", async () => {
    await known();
    const refused = play.order({ verb: "standby", by: "anna@pi", node: "a" });
    await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await expect(refused).rejects.toMatchObject({
      cause: { message: expect.stringContaining("hand"), type: "CONTROL_REFUSED" },
    });
    expect((await play.serviceState()).offline).toEqual({});
  });

  test("with an end are over without anybody asking", async () => {
    await play.order({ verb: "pause", by: "anna@pi", until: new Date(Date.now() + 1_500).toISOString() });
    expect((await play.serviceState()).paused).toBeDefined();
    await eventually(async () => ((await play.serviceState()).paused ? undefined : true), 6_000);
  });
});

describe("the service where it is", () => {
  test("is stopped and silent, and stays stopped until it is started", async () => {
    await known();
    const report = await verdict(await play.operate("stop", { reason: "spring cleaning" }));
    expect(report).toMatchObject({ kind: "stop", outcome: "done", epoch: 0 });
    expect(changes()).toEqual(["stopNode a", "silenceNode a"]);
    expect(await play.serviceState()).toMatchObject({
      holder: "a",
      stopped: { by: "test", reason: "spring cleaning" },
    });

    expect(await verdict(await play.operate("start"))).toMatchObject({ kind: "start", outcome: "done", epoch: 1 });
    expect(play.home.running).toEqual(new Set(["a"]));
    expect(play.home.granted.get("a")).toBe(1);
    const state = await play.serviceState();
    expect(state.stopped).toBeUndefined();
    expect(state).toMatchObject({ holder: "a", epoch: 1 });
  });

  test("counts as stopped once it is down, even where its radio could not be silenced", async () => {
    await known();
    play.home.fail.set("silenceNode a", stepFailure("COORDINATOR_NOT_SILENT", "a"));
    expect(await verdict(await play.operate("stop"))).toMatchObject({ outcome: "failed" });
    expect((await play.serviceState()).stopped).toBeDefined();
  });

  test("is restarted, with the outage measured", async () => {
    await known();
    const report = await verdict(await play.operate("restart"));
    expect(report).toMatchObject({ kind: "restart", outcome: "done", from: "a", to: "a" });
    expect(report.outageMs).toBeGreaterThanOrEqual(0);
    expect(changes()).toEqual(["stopNode a", "startNode a", "proveNode a"]);
  });

  test("I6: serves again when its restart was terminated half-way", async () => {
    await known();
    play.home.hang.add("startNode a");
    const handle = await play.operate("restart");
    await play.home.called("startNode a");
    play.home.hang.clear();
    await handle.terminate("from the UI");
    const state = await play.settled();
    expect(state).toMatchObject({ holder: "a" });
    expect(play.home.running).toEqual(new Set(["a"]));
    expect(state.history[0]).toMatchObject({ kind: "recovery", outcome: "returned" });
  });

  test("is not touched while a handover runs, and no handover begins meanwhile", async () => {
    await known();
    play.home.hang.add("stopNode a");
    await play.operate("stop");
    await play.home.called("stopNode a");
    await expect(play.start()).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await expect(play.operate("restart")).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
  });

  test("is not started where another node runs it", async () => {
    await known();
    play.home.running.clear();
    play.home.start("b");
    const report = await verdict(await play.operate("start"));
    expect(report).toMatchObject({ outcome: "refused", message: expect.stringContaining("runs on b") });
    expect(play.home.ranTogether).toBe(false);
  });

  test("a start that is not proven is known to be no success, and is looked at again", async () => {
    await known();
    await verdict(await play.operate("stop"));
    play.home.failFirst.set("proveNode a", [{ failure: stepFailure("PROOF_FAILED", "a") }]);
    expect(await verdict(await play.operate("start"))).toMatchObject({ outcome: "failed" });
    expect(await play.settled()).toMatchObject({ holder: "a" });
    expect((await play.serviceState()).stopped).toBeUndefined();
  });
});

describe("a standby's copy", () => {
  const generation = {
    id: "g",
    sha256: "00",
    bytes: 1,
    coordinatorIeee: "00124b",
    counters: { network: 1, linkKeys: 1 },
  };

  test("is thrown away and forgotten, and the service stays where it is", async () => {
    await known();
    const copy = { generation, at: new Date().toISOString(), preloaded: true };
    await play.client.workflow
      .getHandle(serviceId(play.service))
      .executeUpdate(NOTE_COPY_UPDATE, { args: [{ node: "b", copy }] });
    expect((await play.serviceState()).copies).toHaveProperty("b");
    expect(await verdict(await play.operate("reinit", { node: "b" }))).toMatchObject({
      kind: "reinit",
      outcome: "done",
    });
    expect(changes()).toEqual(["discardCopy b"]);
    expect(await play.serviceState()).toMatchObject({ holder: "a", copies: {} });
  });

  test.each([
    ["a", "a serves"],
    ["c", "no node c"],
  ])("of %s is refused", async (node, words) => {
    await known();
    const report = await verdict(await play.operate("reinit", { node }));
    expect(report).toMatchObject({ outcome: "refused", message: expect.stringContaining(words) });
    expect(changes()).toEqual([]);
  });
});

describe("after Temporal's database was lost", () => {
  test("a home whose nodes agree is adopted by itself, and observes", async () => {
    play.home.granted.set("a", 12);
    play.home.written.set("a", { network: 80_000, linkKeys: 800 });
    await known();
    expect(await play.serviceState()).toMatchObject({
      holder: "a",
      epoch: 12,
      mode: "observe",
      highestCounters: { network: 80_000, linkKeys: 800 },
    });
  });

  test("a home that another controller works on is left alone until a person adopts it", async () => {
    play.home.granted.set("a", 12);
    play.home.marks.set("b", { ageMs: 5_000 });
    await play.order({ verb: "arm", by: "test" });
    const { blocked } = await eventually(async () => {
      const state = await play.serviceState();
      return state.blocked ? state : undefined;
    });
    expect(blocked).toMatchObject({ needsAdoption: true, because: expect.stringContaining("another controller") });
    expect(await verdict(await play.operate("adopt"))).toMatchObject({
      outcome: "refused",
      message: expect.stringContaining("--holder"),
    });
    expect(await verdict(await play.operate("adopt", { node: "a" }))).toMatchObject({ kind: "adopt", outcome: "done" });
    const state = await play.serviceState();
    expect(state).toMatchObject({ holder: "a", epoch: 12, mode: "armed" });
    expect(state.blocked).toBeUndefined();
    expect(play.home.calls.every((call) => call === "readFacts")).toBe(true);
  });

  test("one that was restored from an older time takes nothing over by itself: nothing is fenced", async () => {
    await known();
    play.home.emergency.nodesKnow = 9;
    play.home.granted.set("b", 9);
    expect(await verdict(await play.failover({ by: "service" }))).toMatchObject({
      outcome: "refused",
      message: expect.stringContaining("adopt"),
    });
    expect(changes()).toEqual(["checkFitness"]);
    await eventually(async () => ((await play.serviceState()).blocked?.needsAdoption ? true : undefined));
  });

  test("one that was restored from an older time is noticed when Understudy starts, and adopted by a person", async () => {
    await known();
    play.home.granted.set("b", 9);
    play.home.running.clear();
    play.home.start("b");
    await play.client.workflow.getHandle(serviceId(play.service)).signal("look");
    const { blocked } = await eventually(async () => {
      const state = await play.serviceState();
      return state.blocked ? state : undefined;
    });
    expect(blocked?.because).toContain("b knows epoch 9");
    expect(await verdict(await play.operate("adopt"))).toMatchObject({ outcome: "done" });
    expect(await play.serviceState()).toMatchObject({ holder: "b", epoch: 9 });
    expect((await play.serviceState()).blocked).toBeUndefined();
  });
});
