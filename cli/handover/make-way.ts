import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { MAKE_WAY_SIGNAL } from "../../workflows/contract.ts";
import { findRunning } from "./running.ts";

/** How long a planned handover that was asked may take to end, where nothing has been changed yet. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 250;

/**
 * Asks a planned switchover that is under way to make way for a failover, and waits a little for its end. One that has
 * changed something already goes on, which the start of the failover then tells.
 */
export async function askToMakeWay(client: Client, service: string, because: string): Promise<void> {
  const running = await findRunning(client, service);
  if (running?.report?.kind !== "switchover") return;
  const { workflowId, runId } = running;
  await client.workflow
    .getHandle(workflowId, runId)
    .signal<[string]>(MAKE_WAY_SIGNAL, because)
    .catch(() => undefined);
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await delay(LOOK_MS)) {
    const now = await findRunning(client, service);
    if (now?.runId !== runId) return;
    if (now.report?.steps.some(({ name }) => name === "stopNode")) return;
  }
}
