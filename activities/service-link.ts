import { setTimeout as pause } from "node:timers/promises";
import { WithStartWorkflowOperation, WorkflowNotFoundError, WorkflowUpdateFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import type { HandoverActivities, Opening, WatchActivities } from "../workflows/activity-types.ts";
import { SEARCH_ATTRIBUTES, TASK_QUEUE, serviceId, serviceStart } from "../workflows/contract.ts";
import type { ServiceState, Settled, Unfinished } from "../workflows/contract.ts";
import type { Begin, Finish } from "../workflows/service-state.ts";
import { step } from "./support/step.ts";

const POLL_MS = 1_000;

type ServiceLink = Pick<HandoverActivities, "openHandover" | "announceHandover" | "closeHandover" | "settleHandover"> &
  WatchActivities;

/** What a handover and `service` tell each other: workflows cannot send updates, so activities do. Every update may come twice. */
export function serviceActivities(client: Client, taskQueue: string = TASK_QUEUE): ServiceLink {
  const handle = (service: string) => client.workflow.getHandle(serviceId(service));
  return {
    openHandover: ({ service, workflowId, runId }) =>
      step(async (): Promise<Opening> => {
        const state = await client.workflow.executeUpdateWithStart<Workflow, ServiceState, [Begin]>("begin", {
          args: [{ workflowId, runId }],
          startWorkflowOperation: new WithStartWorkflowOperation("service", {
            ...serviceStart(service, taskQueue),
            workflowIdConflictPolicy: "USE_EXISTING",
          }),
        });
        return { state, searchAttributes: await knowsSearchAttributes(client) };
      }),
    announceHandover: ({ service, announced }) =>
      step(() => told(handle(service).executeUpdate<void, [Unfinished]>("announce", { args: [announced] }))),
    closeHandover: ({ service, ...finish }) =>
      step(() => told(handle(service).executeUpdate<void, [Finish]>("finish", { args: [finish] }))),
    settleHandover: ({ service, runId, found }) =>
      step(() =>
        told(handle(service).executeUpdate<void, [string, Settled | undefined]>("settle", { args: [runId, found] })),
      ),
    awaitHandoverEnd: ({ workflowId, runId }) =>
      step(async (signal) => {
        for (;;) {
          if (await hasClosed(client, workflowId, runId)) return;
          await pause(POLL_MS, undefined, { signal });
        }
      }),
  };
}

/** An update that `service` refused says so as it is; it is not worth another try. */
async function told(update: Promise<void>): Promise<void> {
  try {
    await update;
  } catch (error) {
    throw error instanceof WorkflowUpdateFailedError && error.cause ? error.cause : error;
  }
}

/** Whether a workflow, or this run of it, does not run any more. */
export async function hasClosed(client: Client, workflowId: string, runId?: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId, runId).describe()).status.name !== "RUNNING";
  } catch (error) {
    // Deleted, or past its retention.
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** Upserting an attribute that the server does not know would stop a workflow, so it is asked first. */
async function knowsSearchAttributes(client: Client): Promise<boolean> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
      namespace: client.options.namespace,
    });
    return SEARCH_ATTRIBUTES.every((name) => customAttributes?.[name] !== undefined);
  } catch {
    return false;
  }
}
