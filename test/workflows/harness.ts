import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { bundleWorkflowCode } from "@temporalio/worker";
import type { WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { handoverId, serviceId } from "../../workflows/contract.ts";
import type { HandoverReport, ServiceState, SwitchoverInput } from "../../workflows/contract.ts";
import { createWorker, workflowsPath } from "../../workers/worker.ts";
import { startTemporal } from "../support/temporal.ts";
import type { TestTemporal } from "../support/temporal.ts";
import { ScriptedHome } from "./scripted-activities.ts";

export interface Ground {
  readonly temporal: TestTemporal;
  readonly workflowBundle: WorkflowBundleWithSourceMap;
}

/** A Temporal server and the workflows' code, for all tests of a file. */
export async function makeGround(...knobs: string[]): Promise<Ground> {
  const [temporal, workflowBundle] = await Promise.all([
    startTemporal(knobs),
    bundleWorkflowCode({ workflowsPath: workflowsPath() }),
  ]);
  return { temporal, workflowBundle };
}

export type Play = Awaited<ReturnType<typeof beginPlay>>;

/** A scripted home with a worker and a service of its own. */
export async function beginPlay({ temporal, workflowBundle }: Ground, service = `zigbee-${randomUUID().slice(0, 8)}`) {
  const home = new ScriptedHome();
  const taskQueue = `understudy-${service}-${randomUUID()}`;
  const worker = await createWorker({
    connection: temporal.native,
    namespace: "default",
    taskQueue,
    activities: home.activities(temporal.client, taskQueue),
    workflowBundle,
    identity: "scripted",
  });
  const running = worker.run();
  const handle = () => temporal.client.workflow.getHandle(serviceId(service));
  const serviceState = () => handle().query<ServiceState>("state");
  return {
    client: temporal.client,
    home,
    taskQueue,
    service,
    serviceState,
    start: (input: Partial<SwitchoverInput> = {}, workflowId = handoverId(service)) =>
      temporal.client.workflow.start("switchover", {
        workflowId,
        taskQueue,
        args: [{ service, ...input }],
        workflowIdConflictPolicy: "FAIL",
      }),
    /** The state once nothing is under way and nothing is left to be recovered. */
    settled: () =>
      eventually(async () => {
        const now = await serviceState();
        return now.history.length > 0 && !now.unfinished && !now.current ? now : undefined;
      }, 40_000),
    async end(): Promise<void> {
      await handle()
        .terminate()
        .catch(() => undefined);
      worker.shutdown();
      await running;
    },
  };
}

/** How a handover ended, whether its workflow completed or failed. */
export async function verdict(handle: { result(): Promise<unknown> }): Promise<HandoverReport> {
  try {
    return (await handle.result()) as HandoverReport;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    if (cause instanceof ApplicationFailure && cause.details?.[0]) return cause.details[0] as HandoverReport;
    throw error;
  }
}

export async function eventually<T>(look: () => Promise<T | undefined>, withinMs = 20_000): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > until) throw new Error("it did not come to pass in time");
    await pause(50);
  }
}
