import { processesLocking } from "../../hosts/process.ts";
import type { NodeAccess, World } from "../support/world.ts";
import { isOnNetwork, sharedCoordinator } from "./listen.ts";
import { whyUnproven } from "./write-coordinator.ts";

/** Why a standby's coordinator must not be touched now, as one sentence; undefined where it is there and nobody uses it. */
export async function hindranceToWriting(
  world: World,
  at: NodeAccess,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { host, node, manager } = at;
  const { state, detail } = await manager.status(signal);
  if (state !== "stopped") return `${manager.describe()} is ${state} there (${detail}).`;
  const unproven = whyUnproven(node);
  if (unproven) return `${unproven.what} ${unproven.next}`;
  const { port } = node.coordinator;
  const shared = isOnNetwork(at) ? await sharedCoordinator(world, at) : undefined;
  if (shared) return `The coordinator at ${port} is not touched: ${shared}.`;
  if (!port.startsWith("/")) return undefined;
  const present = await host.run('[ -c "$1" ]', { args: [port], privileged: true, signal });
  if (present.code !== 0) return `There is no coordinator at ${port}.`;
  const [user] = await processesLocking(host, port, signal);
  return user && `${user.command} (${user.pid}) uses its coordinator.`;
}
