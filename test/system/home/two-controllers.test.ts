import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bringUp, until } from "../../home/support/bring-up.ts";
import type { RunningHome } from "../../home/support/bring-up.ts";
import { nobodyNoticed, serves } from "../../home/support/whole-home.ts";

/** Two workers with their triggers and one Temporal: `understudy start` has one of each, this the other. */
const WORKER = fileURLToPath(new URL("../../../workers/main.ts", import.meta.url));

let lab: RunningHome;
let second: ChildProcess;
beforeAll(async () => {
  lab = await bringUp({ devices: 4 });
  const before = (await pollers()).length;
  second = startWorker();
  await until(async () => (await pollers()).length > before, "the second worker asks for work");
}, 200_000);
afterAll(async () => {
  if (second?.pid && second.exitCode === null && second.signalCode === null) {
    const ended = once(second, "exit");
    second.kill("SIGCONT");
    second.kill("SIGKILL");
    await ended;
  }
  await lab?.stop();
});

function startWorker(): ChildProcess {
  const { temporal } = parse(readFileSync(lab.home.configFile, "utf8")) as { temporal: { port: number } };
  const settings = {
    UNDERSTUDY_CONFIG: lab.home.configFile,
    TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
  };
  return spawn(process.execPath, [WORKER], {
    env: { ...process.env, ...lab.home.environment, ...settings },
    stdio: "ignore",
  });
}

async function pollers(): Promise<readonly string[]> {
  const { pollers: known } = await lab.temporal.workflowService.describeTaskQueue({
    namespace: "default",
    taskQueue: { name: "understudy" },
    taskQueueType: ACTIVITY_QUEUE,
  });
  return (known ?? []).map(({ identity }) => identity ?? "");
}

/** `temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY` */
const ACTIVITY_QUEUE = 2;

/** The process that does a step of the handover under way, once it does. */
async function whoDoes(step: string): Promise<number> {
  let pid: number | undefined;
  await until(async () => {
    const handle = lab.temporal.workflow.getHandle("handover:zigbee");
    // It is not known to Temporal before it has begun.
    const described = await handle.describe().catch(() => undefined);
    const doing = described?.raw.pendingActivities?.find(({ activityType }) => activityType?.name === step);
    const [, found] = /^understudy-worker (\d+)@/.exec(doing?.lastWorkerIdentity ?? "") ?? [];
    pid = found === undefined ? undefined : Number(found);
    return pid !== undefined;
  }, `somebody does ${step}`);
  return pid ?? 0;
}

test("I9: the worker that does a step freezes: the other finishes the handover, and the one that wakes up changes nothing", async () => {
  const handover = lab.switchover("--enrol-blank-stick", "--reason", "a worker freezes");
  const frozen = await whoDoes("restoreNvram");
  process.kill(frozen, "SIGSTOP");
  try {
    const { code, report } = await handover;
    expect({ code, message: report.message }).toEqual({ code: 0, message: "zigbee runs on b." });
    await serves(lab.home, lab.home.node("b"));
  } finally {
    process.kill(frozen, "SIGCONT");
  }
  // It goes on with what it was doing, is refused by the node, and takes work again.
  await until(async () => (await pollers()).some((identity) => identity.includes(` ${frozen}@`)), "it asks for work");
  await serves(lab.home, lab.home.node("b"));
}, 240_000);

test("I9: the worker that does a step is killed: the other finishes the handover", async () => {
  const handover = lab.switchover("--reason", "a worker is killed");
  const killed = await whoDoes("dumpNvram");
  process.kill(killed, "SIGKILL");
  const { code, report } = await handover;
  expect({ code, message: report.message }).toEqual({ code: 0, message: "zigbee runs on a." });
  await serves(lab.home, lab.home.node("a"));
}, 240_000);

test("two triggers that report the same lead to one act", async () => {
  if (second.exitCode !== null || second.signalCode !== null) {
    // The one that was killed was ours; `understudy start` has brought its own back by itself.
    second = startWorker();
  }
  const node = lab.home.node("a");
  await lab.understudy.run(["arm"]);
  process.kill(node.zigbee2mqtt.pid ?? 0, "SIGKILL");
  await until(async () => (await lab.serviceState()).restarts.length > 0, "it is restarted");
  await serves(lab.home, node);
  await until(async () => (await lab.serviceState()).trouble === undefined, "the trouble is over");
  expect((await lab.serviceState()).restarts).toHaveLength(1);
  nobodyNoticed(lab.home);
}, 120_000);
