import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { WithStartWorkflowOperation, WorkflowFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import type { Workflow } from "@temporalio/common";
import { bundleWorkflowCode } from "@temporalio/worker";
import type { WorkflowBundleWithSourceMap } from "@temporalio/worker";
import type { AllActivities } from "../../workflows/activity-types.ts";
import {
  CONFIRM_FENCED_UPDATE,
  CONTROL_UPDATE,
  PROGRESS_QUERY,
  handoverId,
  serviceId,
} from "../../workflows/contract.ts";
import type {
  ConfirmFenced,
  Control,
  FailoverInput,
  HandoverReport,
  OperateInput,
  Operation,
  ServiceState,
  SwitchoverInput,
} from "../../workflows/contract.ts";
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

/** Activities beside the scripted home's, or instead of them. */
export type MoreActivities = (home: ScriptedHome, client: Client, taskQueue: string) => Partial<AllActivities>;

/** A scripted home with a worker and a service of its own. */
export async function beginPlay(
  { temporal, workflowBundle }: Ground,
  service = `zigbee-${randomUUID().slice(0, 8)}`,
  more: MoreActivities = () => ({}),
) {
  const home = new ScriptedHome();
  const taskQueue = `understudy-${service}-${randomUUID()}`;
  const worker = await createWorker({
    connection: temporal.native,
    namespace: "default",
    taskQueue,
    activities: { ...home.activities(temporal.client, taskQueue), ...more(home, temporal.client, taskQueue) },
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
    operate: (operation: Operation, input: Partial<OperateInput> = {}) =>
      temporal.client.workflow.start("operate", {
        workflowId: handoverId(service),
        taskQueue,
        args: [{ service, operation, by: "test", ...input }],
        workflowIdConflictPolicy: "FAIL",
      }),
    /** `service` as `understudy start` begins it; resolves once it knows who serves. */
    startService: async () => {
      await temporal.client.workflow.start("service", {
        workflowId: serviceId(service),
        taskQueue,
        args: [{ service }],
        workflowIdConflictPolicy: "USE_EXISTING",
      });
      return eventually(async () => (await serviceState()).holder);
    },
    failover: (input: Partial<FailoverInput> = {}, workflowId = handoverId(service)) =>
      temporal.client.workflow.start("failover", {
        workflowId,
        taskQueue,
        args: [{ service, by: "person", ...input }],
        workflowIdConflictPolicy: "FAIL",
      }),
    /** A person says that the old node of the handover that runs is off. */
    confirmFenced: (node: string, runId: string) =>
      temporal.client.workflow
        .getHandle(handoverId(service))
        .executeUpdate<HandoverReport, [ConfirmFenced]>(CONFIRM_FENCED_UPDATE, {
          args: [{ node, runId, by: "somebody" }],
        }),
    /** The running handover's report once it waits for a person. */
    waiting: () =>
      eventually(async () => {
        const report = await temporal.client.workflow
          .getHandle(handoverId(service))
          .query<HandoverReport>(PROGRESS_QUERY);
        return report.waitsForPerson ? { ...report, waitsForPerson: report.waitsForPerson } : undefined;
      }),
    /** An order of a person, as the command line gives it. */
    order: (control: Control) =>
      temporal.client.workflow.executeUpdateWithStart<Workflow, ServiceState, [Control]>(CONTROL_UPDATE, {
        args: [control],
        startWorkflowOperation: new WithStartWorkflowOperation("service", {
          workflowId: serviceId(service),
          taskQueue,
          args: [{ service }],
          workflowIdConflictPolicy: "USE_EXISTING",
        }),
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
