import { setTimeout as pause } from "node:timers/promises";
import { ScheduleAlreadyRunning, ScheduleNotFoundError } from "@temporalio/client";
import type { Client, ScheduleOptions, ScheduleSummary } from "@temporalio/client";
import type { ServiceConfig, UserConfig } from "../config/user-config.ts";
import { rotationId, syncId } from "../workflows/contract.ts";
import type { RotationRunInput, SyncInput } from "../workflows/contract.ts";
import { rotationSpec, syncSpec } from "./schedule-spec.ts";

/** What was due while nothing ran is not made up for later than this (Temporal's own default is a year). */
const CATCH_UP = { sync: "1m", rotation: "5m" } as const;
/** In the memo of the schedules that we made: for which task queue. */
const MEMO = "understudy";

type Wanted = ScheduleOptions & { readonly scheduleId: string };

/** The schedules that understudy.yaml asks for. */
export function wantedSchedules(config: Pick<UserConfig, "services">, taskQueue: string, now: Date): readonly Wanted[] {
  return config.services.flatMap((service) => [
    syncSchedule(service, taskQueue),
    ...(service.automation.rotation ? [rotationSchedule(service, taskQueue, now)] : []),
  ]);
}

function syncSchedule({ name, automation }: ServiceConfig, taskQueue: string): Wanted {
  const input: SyncInput = { service: name, by: "schedule" };
  return {
    scheduleId: syncId(name),
    spec: syncSpec(automation.sync, name),
    action: {
      type: "startWorkflow",
      workflowType: "sync",
      workflowId: syncId(name),
      taskQueue,
      args: [input],
      staticSummary: `Scheduled sync of ${name}`,
    },
    policies: { overlap: "SKIP", catchupWindow: CATCH_UP.sync },
    memo: { [MEMO]: taskQueue },
  };
}

function rotationSchedule({ name, automation }: ServiceConfig, taskQueue: string, now: Date): Wanted {
  const input: RotationRunInput = { service: name };
  return {
    scheduleId: rotationId(name),
    spec: automation.rotation ? rotationSpec(automation.rotation, now) : {},
    action: {
      type: "startWorkflow",
      workflowType: "rotation",
      workflowId: rotationId(name),
      taskQueue,
      args: [input],
      staticSummary: `Rotation of ${name}`,
    },
    policies: { overlap: "SKIP", catchupWindow: CATCH_UP.rotation },
    memo: { [MEMO]: taskQueue },
  };
}

/**
 * Makes Temporal's schedules those that are wanted: created, brought up to date, or removed where they are ours and not wanted any
 * more. Doing it again changes nothing; one that a person paused stays paused.
 */
export async function putSchedules(client: Client, wanted: readonly Wanted[], taskQueue: string): Promise<void> {
  for (const schedule of wanted) await put(client, schedule);
  for await (const { scheduleId, memo } of client.schedule.list()) {
    const isOurs = memo?.[MEMO] === taskQueue;
    if (isOurs && wanted.every((schedule) => schedule.scheduleId !== scheduleId)) await remove(client, scheduleId);
  }
}

async function put(client: Client, schedule: Wanted): Promise<void> {
  try {
    await client.schedule.create(schedule);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = schedule;
    await client.schedule
      .getHandle(schedule.scheduleId)
      .update(({ state }) => ({ spec, action, policies: policies ?? {}, state }));
  }
}

async function remove(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/**
 * Wakes schedules that should have acted some time ago and have not, and returns their ids: after a crash of Temporal's own server it can
 * leave them asleep. Their catch-up window holds all the same. Costs one question for all of them and no history, where to describe each
 * would make it write down six events.
 */
export async function wakeOverdue(client: Client, wanted: readonly Wanted[], now: Date): Promise<readonly string[]> {
  const isOverdue = ({ info, state }: Pick<ScheduleSummary, "info" | "state">) => {
    const [next] = info.nextActionTimes;
    return !state.paused && next !== undefined && now.getTime() - next.getTime() >= OVERDUE_MS;
  };
  const listed = new Set<string>();
  for await (const schedule of client.schedule.list()) if (isOverdue(schedule)) listed.add(schedule.scheduleId);
  const woken: string[] = [];
  for (const schedule of wanted.filter(({ scheduleId }) => listed.has(scheduleId))) {
    // What a list shows lags behind.
    if (!isOverdue(await client.schedule.getHandle(schedule.scheduleId).describe())) continue;
    await put(client, schedule);
    woken.push(schedule.scheduleId);
  }
  return woken;
}

const OVERDUE_MS = 30_000;
const RETRY_MS = { first: 1_000, most: 60_000 };
const LOOK_EVERY_MS = 60_000;

/**
 * Puts the schedules in order, tries again until Temporal takes them, and from then on sees to it that they act. `stop` ends that; the
 * schedules stay, for any worker.
 */
export function keepSchedules(
  client: Client,
  config: UserConfig,
  say: (sentence: string) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { taskQueue } = config.temporal;
  const wanted = () => wantedSchedules(config, taskQueue, new Date());
  const rest = (ms: number) => pause(ms, undefined, { signal }).catch(() => undefined);
  const begin = async () => {
    for (let wait = RETRY_MS.first; !signal.aborted; wait = Math.min(2 * wait, RETRY_MS.most)) {
      try {
        await putSchedules(client, wanted(), taskQueue);
        return;
      } catch (error) {
        if (wait === RETRY_MS.first)
          say(
            `The schedules for sync and rotation could not be put into Temporal (${error instanceof Error ? error.message : String(error)}); it is tried again.`,
          );
      }
      await rest(wait);
    }
  };
  const keep = async () => {
    await begin();
    for (await rest(LOOK_EVERY_MS); !signal.aborted; await rest(LOOK_EVERY_MS)) {
      // While Temporal is away there is nothing to wake; another worker may be changing one.
      await wakeOverdue(client, wanted(), new Date()).catch(() => []);
    }
  };
  const working = keep();
  return {
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
