import { processesLocking } from "../hosts/process.ts";
import { revokeGrant } from "../generations/node-state.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities, StopResult } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/**
 * Stops the service and makes sure that nothing uses the radio's port any more. The node's grant goes first: from then on the
 * node refuses a start that an earlier step still has on its way.
 */
export function stopNode(world: World): HandoverActivities["stopNode"] {
  return (input) =>
    step(async (signal) => {
      return stopService(await access(world, input), signal);
    });
}

/** The same, for a step that has access to the node already. */
export async function stopService(at: NodeAccess, signal: AbortSignal): Promise<StopResult> {
  await revokeGrant(at.host, at.node, signal);
  const wasRunning = (await at.manager.status(signal)).state === "running";
  const issuedAt = new Date().toISOString();
  await at.manager.stop(signal);
  await requireFreePort(at, signal);
  return { issuedAt, wasRunning };
}

async function requireFreePort({ node, host }: NodeAccess, signal: AbortSignal): Promise<void> {
  if (!node.coordinator.port.startsWith("/")) return;
  const users = await processesLocking(host, node.coordinator.port, signal);
  if (users.length === 0) return;
  const names = users.map(({ command, pid }) => `${command} (${pid})`).join(", ");
  throw new UnderstudyError("SERVICE_DID_NOT_STOP", {
    node: node.name,
    what: `The service is stopped, but ${names} still uses the coordinator's port.`,
    next: `end that process on ${node.name}, and see what starts it.`,
  });
}
