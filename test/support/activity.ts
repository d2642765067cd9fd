import { Context, asyncLocalStorage } from "@temporalio/activity";
import type { World } from "../../activities/support/world.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import { localHost } from "./local-host.ts";

let scheduled = 1_800_000_000_000;

/** Runs an activity as Temporal would, a moment after the one before. */
export async function runActivity<T>(activity: () => Promise<T>): Promise<T> {
  scheduled += 1_000;
  const context = {
    info: { currentAttemptScheduledTimestampMs: scheduled, workflowExecution: { workflowId: "w", runId: "r" } },
    cancellationSignal: new AbortController().signal,
    cancelled: new Promise<never>(() => undefined),
    heartbeat: () => undefined,
  };
  return asyncLocalStorage.run(Object.assign(Object.create(Context.prototype) as Context, context), activity);
}

/** A service whose nodes are directories of this machine. It has nothing of a service but its name and nodes. */
export function localWorld(name: string, nodes: readonly EffectiveNode[]): World {
  const service = { name, nodes, unknown: new Map(), controller: undefined } as unknown as EffectiveService;
  return {
    service: () => Promise.resolve(service),
    nodeNames: () => nodes.map((node) => node.name),
    host: (node: EffectiveNode) => localHost({ name: node.name }),
  } as unknown as World;
}
