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
}

/** A worker for workflows and activities. Many may run beside each other. */
export async function createWorker(settings: WorkerSettings): Promise<Worker> {
  return Worker.create({
    connection: settings.connection,
    namespace: settings.namespace,
    taskQueue: settings.taskQueue ?? TASK_QUEUE,
    ...(settings.workflowBundle ? { workflowBundle: settings.workflowBundle } : { workflowsPath: workflowsPath() }),
    activities: settings.activities,
    ...(settings.identity ? { identity: settings.identity } : {}),
    // After a worker died, the next workflow task waits at most this long for it (the default is 10 s).
    stickyQueueScheduleToStartTimeout: 1_000,
    // Cancellations travel on heartbeats.
    maxHeartbeatThrottleInterval: 1_000,
    shutdownGraceTime: 2_000,
    // A worker whose machine froze or lost power goes on being given tasks for a minute, one for each question that it had open;
    // each is lost for a heartbeat's time. So it asks few at a time: fewer than a step has attempts.
    maxConcurrentActivityTaskPolls: 2,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentWorkflowTaskExecutions: 10,
  });
}

/** The workflows' entry file, as source or as compiled. */
export function workflowsPath(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url));
}
