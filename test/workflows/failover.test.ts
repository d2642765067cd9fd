import { expect, test } from "vitest";
import { TRY_AGAIN_SIGNAL } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import type { ScriptedHome } from "./scripted-activities.ts";
import { HEARD, NOT_OFF, OFF_ON_TRUST, SILENT } from "./scripted-emergency.ts";

let play: Play;
let home: ScriptedHome;
eachPlay(async (begun) => {
  play = begun;
  ({ home } = play);
  await play.startService();
  lose("a");
});

/** The node does not serve any more and cannot be reached. */
function lose(node: string): void {
  home.running.delete(node);
  home.unreachable.add(node);
  for (const step of ["stopNode", "silenceNode", "leaveClean", "startNode", "raiseCounters", "proveNode"])
    home.fail.set(`${step} ${node}`, stepFailure("HOST_UNREACHABLE", node, { issued: false }));
}

function bringBack(node: string): void {
  home.unreachable.delete(node);
  for (const step of [...home.fail.keys()].filter((key) => key.endsWith(` ${node}`))) home.fail.delete(step);
}

/** What `service` asks by itself comes between. */
const steps = () => home.calls.filter((call) => call !== "readFacts");
const TAKEN_OVER = ["raiseCounters b", "applyConfig b", "startNode b", "proveNode b", "leaveClean a"];

test("I1: fitness, fence, counters, start, proof, in this order; the new holder is remembered", async () => {
  const report = await verdict(await play.failover({ reason: "its host is gone" }));
  expect(report).toMatchObject({ outcome: "done", kind: "failover", from: "a", to: "b", epoch: 1 });
  expect(steps()).toEqual(["cancelSync", "checkFitness", "fenceNode a", ...TAKEN_OVER]);
  expect(report.outageMs).toBeGreaterThanOrEqual(0);
  expect(await play.serviceState()).toMatchObject({
    holder: "b",
    epoch: 1,
    history: [{ kind: "failover", outcome: "done", reason: "its host is gone" }],
  });
});

test("I8: an unfit standby means that nothing is fenced", async () => {
  home.emergency.unfit = "The broker cannot be reached from the standby.";
  const report = await verdict(await play.failover());
  expect(report).toMatchObject({
    outcome: "refused",
    message: expect.stringContaining("b: The broker cannot be reached"),
  });
  expect(steps()).toEqual(["cancelSync", "checkFitness"]);
  const state = await play.serviceState();
  expect(state.unfinished).toBeUndefined();
  // The checks claimed the standby under the next epoch: a sync must not come with a lower one.
  expect(state.epoch).toBe(1);
});

test("I3: the counters are raised by what the old radio may have sent since they were read", async () => {
  home.found = { network: 50_000, linkKeys: 5_000 };
  Object.assign(home.emergency, { framesPerSecond: 4, countersAt: new Date(Date.now() - 3_600_000).toISOString() });
  await verdict(await play.failover());
  const { highestCounters } = await play.serviceState();
  expect(highestCounters.network).toBeGreaterThan(50_000 + 4 * 3_600);
  expect(highestCounters.linkKeys).toBeGreaterThan(5_000 + 4 * 3_600);
});

test.each([
  ["image", ["restoreNvram b"]],
  ["network", ["preloadCoordinator b", "raiseCounters b"]],
  ["own counters", ["raiseCounters b"]],
] as const)("a standby that was not preloaded is written first: %s", async (write, writing) => {
  home.emergency.write = write;
  expect((await verdict(await play.failover())).outcome).toBe("done");
  const after = steps().slice(steps().indexOf("fenceNode a") + 1);
  expect(after.slice(0, writing.length + 1)).toEqual([...writing, "applyConfig b"]);
});

test("a node that fences itself and is not heard where it was heard before is off", async () => {
  home.emergency.fence = { ...NOT_OFF, selfFenced: true };
  home.emergency.listening = SILENT;
  expect((await verdict(await play.failover())).outcome).toBe("done");
  expect(steps().slice(2, 4)).toEqual(["fenceNode a", "listenForActive b"]);
});

test("I1: without proof a person is waited for, and their word lets it go on", async () => {
  home.emergency.fence = NOT_OFF;
  home.emergency.listening = SILENT;
  const handle = await play.failover();
  const { waitsForPerson, runId } = await play.waiting();
  expect(waitsForPerson).toMatchObject({
    node: "a",
    vetoed: false,
    because: expect.stringContaining("ssh: it does not answer"),
  });
  expect(home.calls).not.toContain("raiseCounters b");

  await expect(play.confirmFenced("a", "another-run")).rejects.toMatchObject({
    cause: { message: expect.stringContaining("another handover") },
  });
  await expect(play.confirmFenced("b", runId)).rejects.toMatchObject({
    cause: { message: expect.stringContaining("waits for a") },
  });
  await play.confirmFenced("a", runId);
  const report = await verdict(handle);
  expect(report).toMatchObject({ outcome: "done" });
  expect(report.waitsForPerson).toBeUndefined();
});

test("I1: a beacon of the old coordinator is a veto, above a person's word too", async () => {
  home.emergency.fence = NOT_OFF;
  home.emergency.listening = HEARD;
  const handle = await play.failover();
  const { waitsForPerson, runId } = await play.waiting();
  expect(waitsForPerson.vetoed).toBe(true);
  await expect(play.confirmFenced("a", runId)).rejects.toMatchObject({
    cause: { message: expect.stringContaining("on the air") },
  });
  await handle.cancel();
  expect(await verdict(handle)).toMatchObject({ outcome: "unknown", abandoned: true });
  expect(home.calls).not.toContain("startNode b");
});

test("I1: what is heard after a person's word counts more than that word", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  const { runId } = await play.waiting();
  home.emergency.listening = HEARD;
  await play.confirmFenced("a", runId);
  await eventually(async () => ((await play.waiting()).waitsForPerson.vetoed ? true : undefined));
  expect(home.calls).not.toContain("startNode b");
  await handle.cancel();
  await verdict(handle);
});

test("I1: an outlet that only the user's word takes for the old node's is listened to first: what is heard is a veto", async () => {
  home.emergency.fence = OFF_ON_TRUST;
  home.emergency.listening = HEARD;
  const handle = await play.failover();
  const { waitsForPerson } = await play.waiting();
  expect(waitsForPerson).toMatchObject({
    vetoed: true,
    because: expect.stringContaining("although snmp 10.0.0.9 outlet 3"),
  });
  expect(home.calls).not.toContain("raiseCounters b");
  home.emergency.listening = SILENT;
  await handle.signal(TRY_AGAIN_SIGNAL);
  expect((await verdict(handle)).outcome).toBe("done");
});

test("a standby that cannot listen takes that outlet's word, as its owner wants", async () => {
  home.emergency.fence = OFF_ON_TRUST;
  expect((await verdict(await play.failover())).outcome).toBe("done");
  expect(steps().slice(2, 5)).toEqual(["fenceNode a", "listenForActive b", "raiseCounters b"]);
});

test("cancelled while it waits, it starts nothing, and nobody goes on with it", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  await play.waiting();
  await handle.cancel();
  expect((await verdict(handle)).outcome).toBe("unknown");
  expect(home.calls).toContain("unfenceNode a");
  expect((await play.serviceState()).unfinished).toBeUndefined();
});

test("cancelled while it waits, an old node that a rung has stopped is started again", async () => {
  home.emergency.fence = NOT_OFF;
  const handle = await play.failover();
  await play.waiting();
  bringBack("a");
  await handle.cancel();
  expect((await verdict(handle)).outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
});

test.each(["raiseCounters b", "applyConfig b"])(
  "a standby that fails after the fence (%s) gives way to the old node under a newer epoch",
  async (step) => {
    home.fail.set(step, stepFailure("DISK_FULL", "b"));
    home.emergency.unfence = {
      selfFenced: false,
      rungs: [{ rung: "snmp", proves: "host off", ok: true, detail: "on" }],
    };
    const handle = await play.failover();
    await home.called("unfenceNode a");
    bringBack("a");
    const report = await verdict(handle);
    expect(report).toMatchObject({ outcome: "returned", error: { id: "DISK_FULL", step: step.split(" ")[0] } });
    expect(home.running).toEqual(new Set(["a"]));
    expect(home.granted.get("a")).toBe(2);
    expect(home.calls.indexOf("silenceNode b")).toBeLessThan(home.calls.indexOf("startNode a"));
    expect(home.calls.indexOf("raiseCounters a")).toBeLessThan(home.calls.indexOf("startNode a"));
    expect(await play.serviceState()).toMatchObject({ holder: "a", epoch: 2 });
  },
  60_000,
);

test("I6: devices that stay silent are no reason to go back: it stays, and is told as failed", async () => {
  home.fail.set("proveNode b", stepFailure("DEVICES_SILENT", "b"));
  const report = await verdict(await play.failover());
  expect(report.outcome).toBe("failed");
  expect(home.running).toEqual(new Set(["b"]));
  expect(home.calls).not.toContain("stopNode b");
  // `service` goes on looking, and sees it once they answer.
  home.fail.delete("proveNode b");
  expect(await play.settled()).toMatchObject({ holder: "b", history: [{ kind: "recovery", outcome: "done" }, {}] });
}, 60_000);

test("I6: a standby on which nothing runs gives way to an old node that is there, its radio silent first", async () => {
  bringBack("a");
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  const report = await verdict(await play.failover());
  expect(report.outcome).toBe("returned");
  const back = steps().slice(steps().indexOf("proveNode b") + 1);
  expect(back).toEqual([
    "unfenceNode a",
    "stopNode b",
    "silenceNode b",
    "dumpNvram b",
    "raiseCounters a",
    "startNode a",
    "proveNode a",
    "undoApplyConfig b",
  ]);
  expect(home.ranTogether).toBe(false);
});

test("I6: where the old node is not there to go back to, the standby is left as it is", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  const report = await verdict(await play.failover());
  expect(report.outcome).toBe("failed");
  expect(home.calls).not.toContain("stopNode b");
}, 60_000);

test("I8: a proof that cannot be seen is unknown, and is made when it can be", async () => {
  home.fail.set("proveNode b", stepFailure("BROKER_UNREACHABLE", "b"));
  expect((await verdict(await play.failover())).outcome).toBe("unknown");
  home.fail.delete("proveNode b");
  expect(await play.settled()).toMatchObject({ holder: "b" });
  expect(home.calls).not.toContain("stopNode b");
}, 60_000);

test("under another id it runs under the right one", async () => {
  const handle = await play.failover({}, `my-own-${play.service}`);
  expect(await handle.result()).toMatchObject({ outcome: "done", workflowId: `handover:${play.service}` });
});

test("a planned switchover makes way before its first change, and only then", async () => {
  bringBack("a");
  home.running.add("a");
  home.hang.add("preflight");
  const planned = await play.start();
  await home.called("preflight");
  await planned.signal("makeWay", "the active node is lost");
  expect(await verdict(planned)).toMatchObject({
    outcome: "refused",
    message: expect.stringContaining("makes way for a failover (the active node is lost)"),
  });
  home.hang.clear();
  home.hang.add("dumpNvram a");
  const changing = await play.start();
  await home.called("dumpNvram a");
  await changing.signal("makeWay", "the active node is lost");
  home.hang.clear();
  await changing.cancel();
  expect((await verdict(changing)).outcome).toBe("returned");
});
