import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import type { SyncActivities } from "../workflows/activity-types.ts";
import { NOTE_COPY_UPDATE, STATE_QUERY, serviceId, serviceStart, syncId } from "../workflows/contract.ts";
import type { ServiceState } from "../workflows/contract.ts";
import type { NotedCopy } from "../workflows/service-control.ts";
import { hasClosed } from "./service-link.ts";
import { step } from "./support/step.ts";

/** A service that was just started asks its nodes first. */
const KNOWS_HOLDER_MS = 10_000;
const POLL_MS = 200;

/** What a sync and `service` tell each other. Every update may come twice. */
export function syncLink(
  client: Client,
  taskQueue: string,
): Pick<SyncActivities, "askService" | "noteCopy" | "cancelSync"> {
  return {
    askService: ({ service }) => step((signal) => serviceState({ client, taskQueue }, service, signal)),
    noteCopy: (noted) => step(() => tellCopy(client, noted)),
    cancelSync: ({ service }) =>
      step(async (signal) => {
        const id = syncId(service);
        if (await hasClosed(client, id)) return;
        await client.workflow.getHandle(id).cancel();
        while (!(await hasClosed(client, id))) await pause(POLL_MS, undefined, { signal });
      }),
  };
}

/** What `service` knows: started if need be, and waited for until it knows who serves, for some seconds. */
export async function serviceState(
  { client, taskQueue }: { client: Client; taskQueue: string },
  service: string,
  signal: AbortSignal,
): Promise<ServiceState> {
  const handle = await client.workflow.start("service", {
    ...serviceStart(service, taskQueue),
    workflowIdConflictPolicy: "USE_EXISTING",
  });
  for (const until = Date.now() + KNOWS_HOLDER_MS; ;) {
    const state = await handle.query<ServiceState>(STATE_QUERY);
    if (state.holder !== undefined || Date.now() > until) return state;
    await pause(POLL_MS, undefined, { signal });
  }
}

/** Tells `service` what a standby holds. */
export async function tellCopy(client: Client, { service, ...noted }: { service: string } & NotedCopy): Promise<void> {
  await client.workflow
    .getHandle(serviceId(service))
    .executeUpdate<void, [NotedCopy]>(NOTE_COPY_UPDATE, { args: [noted] });
}
