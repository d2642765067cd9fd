import type { EffectiveNode } from "../../config/effective.ts";
import type { Coordinator } from "../../coordinators/coordinator.ts";
import { resetCoordinator } from "../../coordinators/reset.ts";
import type { Host } from "../../hosts/host.ts";
import { UnderstudyError } from "../../model/errors.ts";

export interface HungNode {
  readonly host: Host;
  readonly node: Pick<EffectiveNode, "name" | "coordinator">;
  readonly coordinator: Pick<Coordinator, "silence">;
}

/**
 * Resets a node's coordinator that does not answer, in the way that the user configured, and sees that it answers again: it is
 * silenced, so that Zigbee2MQTT finds it as after any start. Zigbee2MQTT must be stopped. Rejects COORDINATOR_NOT_RESET.
 */
export async function resetHung({ host, node, coordinator }: HungNode, signal: AbortSignal): Promise<void> {
  const { reset, port, python } = node.coordinator;
  if (!reset) {
    throw new UnderstudyError("COORDINATOR_NOT_RESET", {
      node: node.name,
      what: "Its coordinator hangs, and understudy.yaml does not say any more how it is reset.",
      next: "set coordinator.reset for this node, or unplug the coordinator and plug it in again.",
    });
  }
  await resetCoordinator(host, { reset, port, python, signal });
  try {
    await coordinator.silence(signal);
  } catch (error) {
    if (!(error instanceof UnderstudyError) || !error.id.startsWith("COORDINATOR_")) throw error;
    throw new UnderstudyError("COORDINATOR_NOT_RESET", {
      node: node.name,
      what: `It was reset (${reset.kind}), and still: ${error.what}`,
      next: "unplug the coordinator and plug it in again; a standby takes over meanwhile.",
      cause: error,
    });
  }
}
