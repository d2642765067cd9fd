/**
 * Records the histories that replay.test.ts replays, with the workflows as they are now, on a real Temporal server:
 *
 *     node scripts/run.mjs test/workflows/record-histories.ts
 *
 * To be run after a change of the workflows that is meant to break replay, which must not happen to a release that runs somewhere.
 */
import { mkdir, rm } from "node:fs/promises";
import { handoverId, serviceId } from "../../workflows/contract.ts";
import { beginPlay, eventually, makeGround, verdict } from "./harness.ts";
import type { Ground, Play } from "./harness.ts";
import { HISTORIES, writeHistory } from "./histories.ts";
import { stepFailure } from "./scripted-activities.ts";
import { NOT_OFF } from "./scripted-emergency.ts";

/** Plays something, and says which workflow's history is meant: by default the last handover. */
type Scene = (play: Play) => Promise<{ workflowId: string; runId?: string } | void>;

const failing =
  (step: string, id = "COMMAND_FAILED", more: Parameters<typeof stepFailure>[2] = {}): Scene =>
  async ({ home, start }) => {
    home.fail.set(step, stepFailure(id, step.split(" ")[1] ?? "a", more));
    await verdict(await start());
  };

/** Terminated in the middle of a step; then the history of what brought it to an end. */
const terminatedIn =
  (step: string, between: (play: Play) => void = () => undefined): Scene =>
  async (play) => {
    const { home, start, settled } = play;
    home.hang.add(step);
    const handle = await start();
    await home.called(step);
    home.hang.clear();
    between(play);
    await handle.terminate("recorded");
    await settled();
  };

const SCENES: Readonly<Record<string, Scene>> = {
  "switchover-done": async ({ start }) => void (await verdict(await start({ reason: "recorded" }))),
  "switchover-rehearsed": async ({ start }) => void (await verdict(await start({ rehearse: true }))),
  "switchover-refused": failing("preflight", "CONFIG_INVALID"),
  "switchover-returned-from-stop": failing("stopNode a"),
  "switchover-returned-from-dump": failing("dumpNvram a"),
  "switchover-returned-from-transfer": failing("transferFile b"),
  "switchover-returned-from-restore": failing("restoreNvram b"),
  "switchover-returned-from-apply": failing("applyConfig b"),
  "switchover-returned-from-start": failing("startNode b", "HOST_UNREACHABLE", { issued: false }),
  "switchover-returned-after-start": failing("proveNode b", "PROOF_FAILED"),
  "switchover-returned-half-written": async (play) => {
    play.home.failFirst.set("raiseCounters a", [
      { failure: stepFailure("COMMAND_FAILED", "a"), after: () => play.home.dirty.add("a") },
    ]);
    await failing("transferFile b", "DISK_FULL")(play);
  },
  "switchover-start-tried-again": async ({ home, start }) => {
    home.failFirst.set("startNode b", [
      { failure: stepFailure("HOST_UNREACHABLE", "b", { issued: false, retryable: true }) },
    ]);
    await verdict(await start());
  },
  "switchover-failed": async (play) => {
    play.home.fail.set("startNode a", stepFailure("SERVICE_DID_NOT_START", "a"));
    await failing("dumpNvram a")(play);
  },
  "switchover-unseen": failing("proveNode b", "BROKER_UNREACHABLE"),
  "switchover-cancelled": async ({ home, start }) => {
    home.hang.add("restoreNvram b");
    const handle = await start();
    await home.called("restoreNvram b");
    await handle.cancel();
    await verdict(handle);
  },
  "switchover-delegated": async ({ start }) => {
    const handle = await start({ reason: "recorded" }, "another-id");
    await handle.result();
    return handle;
  },
  "switchover-recovers-first": async ({ home, start }) => {
    home.hang.add("transferFile b");
    const first = await start();
    await home.called("transferFile b");
    home.hang.clear();
    await first.terminate("recorded");
    await verdict(await start());
  },
  "failover-done": async ({ failover, startService }) => {
    await startService();
    await verdict(await failover({ reason: "recorded" }));
  },
  "failover-refused": async ({ home, failover, startService }) => {
    await startService();
    home.emergency.unfit = "The broker cannot be reached from the standby.";
    await verdict(await failover());
  },
  "failover-confirmed": async ({ home, failover, startService, waiting, confirmFenced }) => {
    await startService();
    home.emergency.fence = NOT_OFF;
    const handle = await failover();
    const { runId } = await waiting();
    await confirmFenced("a", runId);
    await verdict(handle);
  },
  "failover-cancelled": async ({ home, failover, startService, waiting }) => {
    await startService();
    home.emergency.fence = NOT_OFF;
    const handle = await failover();
    await waiting();
    await handle.cancel();
    await verdict(handle);
  },
  "failover-gave-way": async ({ home, failover, startService }) => {
    await startService();
    home.fail.set("applyConfig b", stepFailure("DISK_FULL", "b"));
    await verdict(await failover());
  },
  "failover-written-first": async ({ home, failover, startService }) => {
    await startService();
    home.emergency.write = "image";
    await verdict(await failover());
  },
  "failover-went-back": async ({ home, failover, startService }) => {
    await startService();
    home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b"));
    await verdict(await failover());
  },
  "failover-stays": async ({ home, failover, startService }) => {
    await startService();
    home.fail.set("proveNode b", stepFailure("DEVICES_SILENT", "b"));
    await verdict(await failover());
  },
  "failover-recovered": async ({ home, failover, startService, settled }) => {
    await startService();
    home.hang.add("applyConfig b");
    const handle = await failover();
    await home.called("applyConfig b");
    home.hang.clear();
    await handle.terminate("recorded");
    await settled();
  },
  "recovery-returned": terminatedIn("restoreNvram b"),
  "recovery-settled": terminatedIn("stopNode a"),
  "recovery-completed": terminatedIn("startNode b"),
  "recovery-went-back": terminatedIn("startNode b", ({ home }) =>
    home.fail.set("proveNode b", stepFailure("PROOF_FAILED", "b")),
  ),
  "service-with-recovery": async (play) => {
    await verdict(await play.start());
    Object.assign(play.home, { calls: [], running: new Set(["a"]) });
    await terminatedIn("applyConfig b")(play);
    return { workflowId: serviceId(play.service) };
  },
};

async function record(ground: Ground, name: string, scene: Scene): Promise<void> {
  const play = await beginPlay(ground, "zigbee");
  try {
    const { workflowId, runId } = (await scene(play)) ?? { workflowId: handoverId(play.service) };
    const handle = play.client.workflow.getHandle(workflowId, runId);
    // The verdict is told just before a run closes.
    if (workflowId !== serviceId(play.service))
      await eventually(async () => ((await handle.describe()).status.name === "RUNNING" ? undefined : true));
    const events = await writeHistory({ name, workflowId, history: await handle.fetchHistory() });
    console.log(`${name}: ${events} events`);
  } finally {
    await play.end();
  }
}

await rm(HISTORIES, { recursive: true, force: true });
await mkdir(HISTORIES);
const ground = await makeGround();
try {
  for (const [name, scene] of Object.entries(SCENES)) await record(ground, name, scene);
} finally {
  await ground.temporal.stop();
}
