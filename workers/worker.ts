import { fileURLToPath } from "node:url";
import { Worker } from "@temporalio/worker";
import type { NativeConnection, WorkflowBundleOption } from "@temporalio/worker";
import type { AllActivities } from "../workflows/activity-types.ts";
import { TASK_QUEUE } from "../workflows/contract.ts";

export interface WorkerSettings {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue?: string;
  readonly activities: Partial<AllActivities>;
  /** A bundle made beforehand; without it the workflows are bundled at start (about 2 s). */
  readonly workflowBundle?: WorkflowBundleOption;
  readonly identity?: string;
  /** How many services it looks after: those of a fleet may all need it in the same second. Default: those of one home. */
  readonly services?: number;
}

const FEWEST_POLLS = 2;
const MOST_POLLS = 16;
/** For so many services one more task is asked for at a time. */
const SERVICES_A_POLL = 10;

/** A worker for workflows and activities. Many may run beside each other. */
export async function createWorker(settings: WorkerSettings): Promise<Worker> {
  const wanted = Math.ceil((settings.services ?? 1) / SERVICES_A_POLL);
  const polls = Math.min(Math.max(wanted, FEWEST_POLLS), MOST_POLLS);
  return Worker.create({
    connection: settings.connection,
    namespace: settings.namespace,
    taskQueue: settings.taskQueue ?? TASK_QUEUE,
    ...(settings.workflowBundle ? { workflowBundle: settings.workflowBundle } : { workflowsPath: workflowsPath() }),
    activities: settings.activities,
    ...(settings.identity ? { identity: settings.identity } : {}),
    // After a worker died, the next workflow task waits at most this long for it (the default is 10 s). A fleet's tasks may wait so long
    // for each other; given to another queue then, each would have its history read anew.
    stickyQueueScheduleToStartTimeout: polls > FEWEST_POLLS ? 5_000 : 1_000,
    // Cancellations travel on heartbeats.
    maxHeartbeatThrottleInterval: 1_000,
    shutdownGraceTime: 2_000,
    // A worker whose machine froze or lost power goes on being given tasks for a minute, one for each question that it had open;
    // each is lost for a heartbeat's time. So at home it asks few at a time: fewer than a step has attempts. In a fleet tasks
    // would wait for each other longer than that.
    maxConcurrentActivityTaskPolls: polls,
    maxConcurrentWorkflowTaskPolls: polls,
    // Looks wait more than they compute: those of 100 services that fail in the same second are made at once.
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentWorkflowTaskExecutions: 40,
  });
}

/** The workflows' entry file, as source or as compiled. */
export function workflowsPath(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url));
}
