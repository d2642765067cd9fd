import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { bundleWorkflowCode } from "@temporalio/worker";
import type { Worker, WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { handoverId, serviceId } from "../../workflows/contract.ts";
import type { HandoverReport, ServiceState, SwitchoverInput } from "../../workflows/contract.ts";
import { createWorker, workflowsPath } from "../../workers/worker.ts";
import { startTemporal } from "../support/temporal.ts";
import type { TestTemporal } from "../support/temporal.ts";
import { ScriptedHome, stepFailure } from "./scripted-activities.ts";

let temporal: TestTemporal;
let workflowBundle: WorkflowBundleWithSourceMap;
let home: ScriptedHome;
let worker: Worker;
let running: Promise<void>;
let taskQueue: string;
let service: string;

beforeAll(async () => {
  [temporal, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflowCode({ workflowsPath: workflowsPath() })]);
}, 60_000);
afterAll(() => temporal?.stop());

beforeEach(async () => {
  home = new ScriptedHome();
  taskQueue = randomUUID();
  service = `zigbee-${taskQueue.slice(0, 8)}`;
  await startWorker();
});
afterEach(async () => {
  await temporal.client.workflow.getHandle(serviceId(service)).terminate().catch(() => undefined);
  worker.shutdown();
  await running;
});

async function startWorker() {
  worker = await createWorker({ connection: temporal.native, namespace: "default", taskQueue, activities: home.activities(temporal.client, taskQueue), workflowBundle });
  running = worker.run();
}

const start = (input: Partial<SwitchoverInput> = {}, workflowId = handoverId(service)) =>
  temporal.client.workflow.start("switchover", { workflowId, taskQueue, args: [{ service, ...input }], workflowIdConflictPolicy: "FAIL" });

async function verdict(handle: { result(): Promise<unknown> }): Promise<HandoverReport> {
  try {
    return (await handle.result()) as HandoverReport;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    if (cause instanceof ApplicationFailure && cause.details?.[0]) return cause.details[0] as HandoverReport;
    throw error;
  }
}

const serviceState = () => temporal.client.workflow.getHandle(serviceId(service)).query<ServiceState>("state");

async function eventually<T>(look: () => Promise<T | undefined>, withinMs = 20_000): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > until) throw new Error("it did not come to pass in time");
    await pause(50);
  }
}

/** What `service` asks by itself at its start comes between. */
const stepsOf = ({ calls }: ScriptedHome) => calls.filter((call) => call !== "readFacts");

const CHANGES = ["stopNode a", "silenceNode a", "dumpNvram a", "transferFile b", "restoreNvram b", "applyConfig b", "startNode b"];

test("hands over in the documented order and remembers the new holder", async () => {
  const report = await verdict(await start({ reason: "manual" }));
  expect(report.outcome).toBe("done");
  expect(stepsOf(home)).toEqual(["preflight", ...CHANGES, "proveNode b", "leaveClean a"]);
  expect(report.outageMs).toBeGreaterThanOrEqual(0);
  expect(await serviceState()).toMatchObject({ holder: "b", epoch: 1, highestCounters: { network: 6000, linkKeys: 1500 }, history: [{ outcome: "done", from: "a", to: "b", reason: "manual" }] });
});

test("a rehearsal changes nothing", async () => {
  const report = await verdict(await start({ rehearse: true }));
  expect(report.outcome).toBe("rehearsed");
  expect(stepsOf(home)).toEqual(["preflight"]);
});

test.each(CHANGES.slice(0, -1))("a failure of %s brings the old node back under a newer epoch", async (step) => {
  home.fail.set(step, stepFailure("COMMAND_FAILED", step.split(" ")[1] ?? ""));
  const report = await verdict(await start());
  expect(report.outcome).toBe("returned");
  expect(report.error).toMatchObject({ id: "COMMAND_FAILED", step: step.split(" ")[0], what: "COMMAND_FAILED happened", next: "mend it" });
  expect(home.calls).not.toContain("startNode b");
  expect(home.running).toEqual(new Set(["a"]));
  expect(home.granted.get("a")).toBe(2);
  if (home.calls.includes("restoreNvram b")) {
    expect(home.calls.indexOf("silenceNode b")).toBeLessThan(home.calls.indexOf("startNode a"));
  }
  expect(await serviceState()).toMatchObject({ holder: "a", epoch: 2 });
});

test("a standby that cannot be tidied up does not keep the old node from serving", async () => {
  home.fail.set("restoreNvram b", stepFailure("HOST_UNREACHABLE", "b"));
  home.fail.set("silenceNode b", stepFailure("HOST_UNREACHABLE", "b"));
  home.fail.set("undoTransferFile b", stepFailure("HOST_UNREACHABLE", "b"));
  const report = await verdict(await start());
  expect(report.outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
});

test("a start that was never issued is before the point of no return", async () => {
  home.fail.set("startNode b", stepFailure("HOST_UNREACHABLE", "b", { issued: false }));
  const report = await verdict(await start());
  expect(report.outcome).toBe("returned");
  expect(home.calls).not.toContain("proveNode b");
});

test("a start of unknown outcome is past it: the new node is looked at and kept when it serves", async () => {
  home.fail.set("startNode b", stepFailure("OUTCOME_UNKNOWN", "b"));
  const report = await verdict(await start());
  expect(report.outcome).toBe("done");
  expect(home.calls).not.toContain("startNode a");
});

test("a failed proof goes back once, the new radio silent first and the counters above both", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  const report = await verdict(await start());
  expect(report.outcome).toBe("returned");
  const back = stepsOf(home).slice(stepsOf(home).indexOf("proveNode b") + 1);
  expect(back).toEqual(["stopNode b", "silenceNode b", "dumpNvram b", "raiseCounters a", "startNode a", "proveNode a", "undoApplyConfig b"]);
});

test("a new radio that cannot be silenced keeps the old one off the air", async () => {
  home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
  home.fail.set("silenceNode b", stepFailure("COORDINATOR_UNREADABLE", "b"));
  const report = await verdict(await start());
  expect(report.outcome).toBe("unknown");
  expect(home.calls).not.toContain("startNode a");
});

test("an old node that cannot be started again is reported as failed", async () => {
  home.fail.set("dumpNvram a", stepFailure("COORDINATOR_MISSING", "a"));
  home.fail.set("startNode a", stepFailure("SERVICE_DID_NOT_START", "a"));
  const report = await verdict(await start());
  expect(report.outcome).toBe("failed");
  expect(report.message).toContain("SERVICE_DID_NOT_START happened");
});

test("a cancellation during a step undoes what was done", async () => {
  home.hang.add("restoreNvram b");
  const handle = await start();
  await home.called("restoreNvram b");
  await handle.cancel();
  const report = await verdict(handle);
  expect(report.outcome).toBe("returned");
  expect(home.running).toEqual(new Set(["a"]));
});

test("a cancellation after the point of no return does not stop the roll forward", async () => {
  home.hang.add("startNode b");
  const handle = await start();
  await home.called("startNode b");
  await handle.cancel();
  const report = await verdict(handle);
  expect(["done", "returned"]).toContain(report.outcome);
  expect(home.calls).toContain("proveNode b");
});

test("under another id it runs under the right one; a second one is told which is running", async () => {
  home.hang.add("dumpNvram a");
  const first = await start();
  await home.called("dumpNvram a");
  const second = await start({ reason: "manual" }, `my-own-${service}`);
  await expect(second.result()).rejects.toMatchObject({ cause: { type: "HANDOVER_IN_PROGRESS", message: expect.stringContaining(handoverId(service)) } });
  await expect(start()).rejects.toThrow(/already started/i);
  await first.cancel();
  expect((await verdict(first)).outcome).toBe("returned");
  home.hang.clear();
  const third = (await (await start({}, `another-${service}`)).result()) as HandoverReport;
  expect(third).toMatchObject({ outcome: "done", workflowId: handoverId(service) });
});

test.each([
  ["before the start", "restoreNvram b", "a", "returned"],
  ["after the start was issued", "startNode b", "b", "done"],
  ["while it is proven", "proveNode b", "b", "done"],
])("a handover terminated %s is noticed and brought to an end", async (_when, at, serving, outcome) => {
  home.hang.add(at);
  const handle = await start();
  await home.called(at);
  home.hang.clear();
  await handle.terminate("from the UI");
  const state = await eventually(async () => {
    const now = await serviceState();
    return now.history.length > 0 && !now.unfinished && !now.current ? now : undefined;
  }, 40_000);
  expect(state.history[0]).toMatchObject({ kind: "recovery", outcome });
  expect(state.holder).toBe(serving);
  expect(home.running).toEqual(new Set([serving]));
});

test("a new switchover recovers the unfinished one first", async () => {
  home.hang.add("transferFile b");
  const first = await start();
  await home.called("transferFile b");
  home.hang.clear();
  await first.terminate("from the UI");
  const report = await verdict(await start());
  expect(report.outcome).toBe("done");
  expect(home.calls.lastIndexOf("startNode b")).toBeGreaterThan(home.calls.indexOf("startNode a"));
});

test("what cannot be established stays unknown and is asked again", async () => {
  home.hang.add("startNode b");
  home.unreachable.add("b");
  const handle = await start();
  await home.called("startNode b");
  home.hang.clear();
  await handle.terminate("from the UI");
  await eventually(async () => ((await serviceState()).history[0]?.outcome === "unknown" ? true : undefined), 40_000);
  home.unreachable.clear();
  const state = await eventually(async () => {
    const now = await serviceState();
    return now.unfinished || now.current ? undefined : now;
  }, 40_000);
  expect(state.holder).toBe("b");
});

test("input without a service's name is refused at once, with an example", async () => {
  const handle = await temporal.client.workflow.start("switchover", { workflowId: `bad-${service}`, taskQueue, args: [{}] });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: "BAD_INPUT", message: expect.stringContaining('{"service":"zigbee"') } });
});

test("before the first handover the service says who serves, because it asked the nodes", async () => {
  await temporal.client.workflow.start("service", { workflowId: serviceId(service), taskQueue, args: [{ service }] });
  expect(await eventually(async () => (await serviceState()).holder)).toBe("a");
});
