import type { Client } from "@temporalio/client";
import { handoverId } from "../../workflows/contract.ts";
import { usageFailure } from "../failure.ts";
import { isNotFound } from "../temporal/errors.ts";
import type { Execution } from "./follow.ts";

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Finds a handover by its workflow id (the newest run), by its run id, or by the service's name. Rejects a usage failure
 * where Temporal knows none.
 */
export async function findHandover(client: Client, id: string, services: readonly string[]): Promise<Execution> {
  const found = RUN_ID.test(id)
    ? await findRun(client, id, services)
    : ((await describe(client, id)) ?? (await describe(client, handoverId(id))));
  if (found) return found;
  throw usageFailure(
    `Temporal knows no handover ${id}.`,
    "name a workflow id such as handover:zigbee, a run id (from `--detach` or `understudy history -o json`), or a service; closed ones are kept for 30 days.",
  );
}

async function findRun(client: Client, runId: string, services: readonly string[]): Promise<Execution | undefined> {
  for (const service of services) {
    const found = await describe(client, handoverId(service), runId);
    if (found) return found;
  }
  for await (const { workflowId } of client.workflow.list({ query: `RunId = "${runId}"` }))
    return describe(client, workflowId, runId);
  return undefined;
}

async function describe(client: Client, workflowId: string, wantedRun?: string): Promise<Execution | undefined> {
  try {
    const { runId, type } = await client.workflow.getHandle(workflowId, wantedRun).describe();
    if (type === "service") return undefined;
    return { service: workflowId.replace(/^handover:/, ""), workflowId, runId };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
