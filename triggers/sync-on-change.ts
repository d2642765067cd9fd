import { ScheduleNotFoundError, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { syncId } from "../workflows/contract.ts";
import { startSync } from "./sync.ts";

/** Until a sync that is under way has ended. */
const RUNNING_AGAIN_MS = 5_000;

/** The latest run of a service's sync. Times in ms since 1970, by Temporal's clock. */
export interface LatestSync {
  readonly startedAt: number;
  readonly running: boolean;
}

/**
 * - `started`: a sync was started.
 * - `covered`: one that began after the change, by whomever, has seen it.
 * - `held`: a person paused the schedule in Temporal, or took it away.
 * - `againMs`: it is too early; ask again after so long.
 */
export type Asked = "started" | "covered" | "held" | { readonly againMs: number };

/**
 * Whether a sync is to be started for a change. Several triggers see the same change: what Temporal knows of the latest sync
 * keeps them from multiplying it. Pure; times in ms.
 */
export function judgeWish(
  latest: LatestSync | undefined,
  changedAt: number,
  now: number,
  spacingMs: number,
): "start" | "covered" | { readonly againMs: number } {
  if (!latest) return "start";
  if (latest.startedAt > changedAt) return "covered";
  if (latest.running) return { againMs: RUNNING_AGAIN_MS };
  const wait = latest.startedAt + spacingMs - now;
  return wait > 0 ? { againMs: wait } : "start";
}

/**
 * Starts a sync because something changed, unless the latest one has seen it, still runs, or began less than `spacingMs` ago.
 * Costs Temporal two questions, and history only for the sync itself. Rejects with what the client throws.
 */
export async function syncOnChange(
  client: Client,
  wish: { readonly service: string; readonly taskQueue: string; readonly changedAt: Date; readonly spacingMs: number },
): Promise<Asked> {
  const { service, taskQueue, changedAt, spacingMs } = wish;
  if (!(await isScheduled(client, service))) return "held";
  const judged = judgeWish(await latestSync(client, service), changedAt.getTime(), Date.now(), spacingMs);
  if (judged !== "start") return judged;
  try {
    await startSync(client, { service, by: "change" }, { taskQueue });
    return "started";
  } catch (error) {
    // Another trigger, the schedule or a person was quicker.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return "covered";
    throw error;
  }
}

async function isScheduled(client: Client, service: string): Promise<boolean> {
  try {
    const { state } = await client.schedule.getHandle(syncId(service)).describe();
    return !state.paused;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

async function latestSync(client: Client, service: string): Promise<LatestSync | undefined> {
  try {
    const { startTime, status } = await client.workflow.getHandle(syncId(service)).describe();
    return { startedAt: startTime.getTime(), running: status.name === "RUNNING" };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
