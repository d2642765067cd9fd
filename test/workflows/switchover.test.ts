import { expect, test } from "vitest";
import { handoverId } from "../../workflows/contract.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { stepFailure } from "./scripted-activities.ts";
import type { ScriptedHome } from "./scripted-activities.ts";

let play: Play;
let home: ScriptedHome;
eachPlay((begun) => {
  play = begun;
  ({ home } = play);
});

/** What `service` asks by itself at its start comes between. */
const stepsOf = ({ calls }: ScriptedHome) => calls.filter((call) => call !== "readFacts");

const CHANGES = [
  "stopNode a",
  "silenceNode a",
  "dumpNvram a",
  "transferFile b",
  "restoreNvram b",
  "applyConfig b",
  "startNode b",
];

test("hands over in the documented order and remembers the new holder", async () => {
  const report = await verdict(await play.start({ reason: "manual" }));
  expect(report.outcome).toBe("done");
  expect(stepsOf(home)).toEqual(["cancelSync", "preflight", ...CHANGES, "proveNode b", "leaveClean a"]);
  expect(report.outageMs).toBeGreaterThanOrEqual(0);
  expect(await play.serviceState()).toMatchObject({
    holder: "b",
    epoch: 1,
    highestCounters: { network: 6000, linkKeys: 1500 },
    history: [{ outcome: "done", from: "a", to: "b", reason: "manual" }],
  });
});

test("a rehearsal changes nothing", async () => {
  const report = await verdict(await play.start({ rehearse: true }));
  expect(report.outcome).toBe("rehearsed");
  expect(stepsOf(home)).toEqual(["cancelSync", "preflight"]);
});

test.each(CHANGES.slice(0, -1))("a failure of %s brings the old node back under a newer epoch", async (step) => {
  home.fail.set(step, stepFailure("COMMAND_FAILED", step.split(" ")[1] ?? ""));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("returned");
  expect(report.error).toMatchObject({
    id: "COMMAND_FAILED",
    step: step.split(" ")[0],
    what: "COMMAND_FAILED happened",
    next: "mend it",
  });
  expect(home.calls).not.toContain("startNode b");
  expect(home.running).toEqual(new Set(["a"]));
  expect(home.granted.get("a")).toBe(2);
  if (home.calls.includes("restoreNvram b")) {
    expect(home.calls.indexOf("silenceNode b")).toBeLessThan(home.calls.indexOf("startNode a"));
  }
  expect(await play.serviceState()).toMatchObject({ holder: "a", epoch: 2 });
});

test("a standby that cannot be tidied up does not keep the old node from serving", async () => {
  home.fail.set("restoreNvram b", stepFailure("HOST_UNREACHABLE", "b"));
  home.fail.set("silenceNode b", stepFailure("HOST_UNREACHABLE", "b"));
  home.fail.set("undoTransferFile b", stepFailure("HOST_UNREACHABLE", "b"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
});

test("a start that was never issued is before the point of no return", async () => {
  home.fail.set("startNode b", stepFailure("HOST_UNREACHABLE", "b", { issued: false }));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("returned");
  expect(home.calls).not.toContain("proveNode b");
});

test("a start of unknown outcome is past it: the new node is looked at and kept when it serves", async () => {
  home.fail.set("startNode b", stepFailure("OUTCOME_UNKNOWN", "b"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("done");
  expect(home.calls).not.toContain("startNode a");
});

test("a failed proof goes back once, the new radio silent first and the counters above both", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("returned");
  const back = stepsOf(home).slice(stepsOf(home).indexOf("proveNode b") + 1);
  expect(back).toEqual([
    "stopNode b",
    "silenceNode b",
    "dumpNvram b",
    "raiseCounters a",
    "startNode a",
    "proveNode a",
    "undoApplyConfig b",
  ]);
});

test("a new radio that cannot be silenced keeps the old one off the air", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  home.fail.set("silenceNode b", stepFailure("COORDINATOR_UNREADABLE", "b"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("unknown");
  expect(home.calls).not.toContain("startNode a");
});

test("an old node that cannot be started again is reported as failed", async () => {
  home.fail.set("dumpNvram a", stepFailure("COORDINATOR_MISSING", "a"));
  home.fail.set("startNode a", stepFailure("SERVICE_DID_NOT_START", "a"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("failed");
  expect(report.message).toContain("SERVICE_DID_NOT_START happened");
});

test("a cancellation during a step undoes what was done", async () => {
  home.hang.add("restoreNvram b");
  const handle = await play.start();
  await home.called("restoreNvram b");
  await handle.cancel();
  const report = await verdict(handle);
  expect(report.outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
});

test("a cancellation after the point of no return does not stop the roll forward", async () => {
  home.hang.add("startNode b");
  const handle = await play.start();
  await home.called("startNode b");
  await handle.cancel();
  const report = await verdict(handle);
  expect(["done", "returned"]).toContain(report.outcome);
  expect(home.calls).toContain("proveNode b");
});

test("under another id it runs under the right one; a second one is told which is running", async () => {
  home.hang.add("dumpNvram a");
  const first = await play.start();
  await home.called("dumpNvram a");
  const second = await play.start({ reason: "manual" }, `my-own-${play.service}`);
  await expect(second.result()).rejects.toMatchObject({
    cause: { type: "HANDOVER_IN_PROGRESS", message: expect.stringContaining(handoverId(play.service)) },
  });
  await expect(play.start()).rejects.toThrow(/already started/i);
  await first.cancel();
  expect((await verdict(first)).outcome).toBe("returned");
  home.hang.clear();
  const third = (await (await play.start({}, `another-${play.service}`)).result()) as HandoverReport;
  expect(third).toMatchObject({ outcome: "done", workflowId: handoverId(play.service) });
});

test("I1: an attempt that never issued the start does not hide an earlier one that did", async () => {
  const startedAfterAll = {
    failure: stepFailure("OUTCOME_UNKNOWN", "b", { retryable: true }),
    after: () => home.start("b"),
  };
  home.failFirst.set("startNode b", [startedAfterAll]);
  home.fail.set("startNode b", stepFailure("HOST_UNREACHABLE", "b", { issued: false }));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("done");
  expect(home.ranTogether).toBe(false);
});

test("a node that cannot be reached for its start is tried again", async () => {
  home.failFirst.set("startNode b", [
    { failure: stepFailure("HOST_UNREACHABLE", "b", { issued: false, retryable: true }) },
  ]);
  expect((await verdict(await play.start())).outcome).toBe("done");
});

test("a cancellation between the last preparation and the start goes back without having started", async () => {
  home.finishWhenCancelled.add("applyConfig b");
  const handle = await play.start();
  await home.called("applyConfig b");
  await handle.cancel();
  expect((await verdict(handle)).outcome).toBe("returned");
  expect(home.calls).not.toContain("startNode b");
  expect(home.calls).not.toContain("proveNode b");
});

test("I9: a coordinator that was left half-written on the way back is written again, then started", async () => {
  home.fail.set("transferFile b", stepFailure("DISK_FULL", "b"));
  home.failFirst.set("raiseCounters a", [
    { failure: stepFailure("COMMAND_FAILED", "a"), after: () => home.dirty.add("a") },
  ]);
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
  expect(home.dirty).toEqual(new Set());
});

test("input without a service's name is refused at once, with an example", async () => {
  const handle = await play.client.workflow.start("switchover", {
    workflowId: `bad-${play.service}`,
    taskQueue: play.taskQueue,
    args: [{}],
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: "BAD_INPUT", message: expect.stringContaining('{"service":"zigbee"') },
  });
});

test("I6: where the old node is lost once its radio is silent, the standby takes over from what it holds", async () => {
  home.failFirst.set("transferFile b", [
    { failure: stepFailure("HOST_UNREACHABLE", "a"), after: () => home.unreachable.add("a") },
  ]);
  const report = await verdict(await play.start());
  expect(report).toMatchObject({ outcome: "done", from: "a", to: "b", epoch: 3 });
  const after = stepsOf(home).slice(stepsOf(home).indexOf("transferFile b") + 1);
  // This handover has silenced the old radio itself, so nothing has to be fenced.
  expect(after).toEqual([
    "checkFitness",
    "raiseCounters b",
    "applyConfig b",
    "startNode b",
    "proveNode b",
    "leaveClean a",
  ]);
  expect(await play.serviceState()).toMatchObject({ holder: "b", epoch: 3 });
});

test("I6: where the standby cannot do without it, the old node is waited for", async () => {
  home.failFirst.set("transferFile b", [
    { failure: stepFailure("HOST_UNREACHABLE", "a"), after: () => home.unreachable.add("a") },
  ]);
  home.emergency.unfit = "It holds no copy to take over from.";
  home.fail.set("raiseCounters a", stepFailure("HOST_UNREACHABLE", "a"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("unknown");
  expect(home.calls).not.toContain("startNode b");
});

test("a standby that a person took out meanwhile does not take over instead: the old node is waited for", async () => {
  const takenOut = async () => {
    home.unreachable.add("a");
    await play.order({ verb: "standby", node: "b", by: "me", reason: "new SD card" });
  };
  home.failFirst.set("transferFile b", [{ failure: stepFailure("HOST_UNREACHABLE", "a"), after: takenOut }]);
  home.fail.set("raiseCounters a", stepFailure("HOST_UNREACHABLE", "a"));
  const report = await verdict(await play.start());
  expect(report.outcome).toBe("unknown");
  expect(report.findings).toContainEqual(expect.objectContaining({ node: "b", what: "b was taken out by a person." }));
  expect(home.calls).not.toContain("startNode b");
});

test("I1: an old node that was not proven silent before it was lost is fenced first", async () => {
  home.failFirst.set("silenceNode a", [
    { failure: stepFailure("HOST_UNREACHABLE", "a"), after: () => home.unreachable.add("a") },
  ]);
  expect((await verdict(await play.start())).outcome).toBe("done");
  expect(home.calls.indexOf("fenceNode a")).toBeGreaterThan(home.calls.indexOf("checkFitness"));
  expect(home.calls.indexOf("fenceNode a")).toBeLessThan(home.calls.indexOf("startNode b"));
});
