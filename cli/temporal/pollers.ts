import type { Client } from "@temporalio/client";

/** A worker asks anew at least once a minute; Temporal forgets one after five. */
const FRESH_MS = 90_000;

export interface Poller {
  readonly identity: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly lastSeen: number;
}

/** The workers that ask the task queue for workflow tasks (what Temporal describes unless told otherwise), as Temporal saw them in the last minutes. */
export async function listPollers(client: Client, taskQueue: string): Promise<readonly Poller[]> {
  const response = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  return (response.pollers ?? []).map((poller) => ({
    identity: poller.identity ?? "",
    lastSeen: Number(poller.lastAccessTime?.seconds ?? 0) * 1000 + (poller.lastAccessTime?.nanos ?? 0) / 1e6,
  }));
}

/** Whether some worker has asked for work lately. */
export async function hasWorker(client: Client, taskQueue: string): Promise<boolean> {
  const pollers = await listPollers(client, taskQueue);
  return pollers.some((poller) => Date.now() - poller.lastSeen < FRESH_MS);
}
