import type { Client } from "@temporalio/client";
import { STATE_QUERY, serviceId } from "../../workflows/contract.ts";
import type { ServiceState } from "../../workflows/contract.ts";
import { isNotFound } from "./errors.ts";
import { hasWorker } from "./pollers.ts";

/** The `service` workflow's state, or why it is not known. */
export type Known =
  | { readonly state: ServiceState }
  | { readonly state?: undefined; readonly why: string; readonly next: string };

export interface AskOptions {
  readonly taskQueue: string;
  readonly timeoutMs: number;
}

/** Asks the `service` workflow; a missing workflow, and a worker that does not answer in time, are answers too. */
export async function askService(
  client: Client,
  service: string,
  { taskQueue, timeoutMs }: AskOptions,
): Promise<Known> {
  const handle = client.workflow.getHandle(serviceId(service));
  try {
    return { state: await client.withDeadline(Date.now() + timeoutMs, () => handle.query<ServiceState>(STATE_QUERY)) };
  } catch (error) {
    if (isNotFound(error)) {
      return {
        why: `${service} is not known to Temporal yet`,
        next: "run `understudy start` where the worker is to run.",
      };
    }
    if (!(await hasWorker(client, taskQueue))) {
      return { why: "no worker is running", next: "run `understudy start`." };
    }
    return { why: "the worker did not answer in time", next: "try again, and see the worker's log." };
  }
}
