import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import type { Coordinator } from "../../coordinators/coordinator.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import type { Host } from "../../hosts/host.ts";
import { serviceManager } from "../../hosts/services/service-manager.ts";
import type { ServiceManager } from "../../hosts/services/service-manager.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { claimOrder, claimedHost } from "./claim.ts";

/** A service as configured and found; nodes that could not be reached or understood are in `unknown`, not in `nodes`. */
export interface KnownService extends EffectiveService {
  readonly unknown: ReadonlyMap<string, UnderstudyError>;
}

/** What activities reach the world through. One for a worker; tests make their own. */
export interface World {
  readonly client: Client;
  readonly taskQueue: string;
  /**
   * What was found on the nodes, believed within one `run` of a workflow: a node may have been changed since the one before.
   * `fresh` asks the nodes again. Rejects CONFIG_INVALID, and the first node's error where none could be understood.
   */
  service(name: string, options: { run: string; fresh?: boolean }): Promise<KnownService>;
  /** The one connection to that node. */
  host(node: EffectiveNode): Host;
}

/** One node and everything to work on it with. */
export interface NodeAccess {
  readonly service: KnownService;
  readonly node: EffectiveNode;
  readonly host: Host;
  readonly manager: ServiceManager;
  readonly coordinator: Coordinator;
}

/**
 * A node of a service, for a step that may change it: the node takes its commands only as long as no later step has used it.
 * Rejects with the node's own error where it could not be reached or understood.
 */
export async function access(
  world: World,
  step: { service: string; node: string; epoch: number },
): Promise<NodeAccess> {
  const service = await world.service(step.service, { run: currentRun() });
  const node = service.nodes.find((candidate) => candidate.name === step.node);
  if (node) return claimAccess(nodeAccess(world, service, node), step.epoch);
  throw (
    service.unknown.get(step.node) ??
    new UnderstudyError("CONFIG_INVALID", {
      node: step.node,
      what: `The service ${step.service} has no node of that name.`,
      next: `name one of ${service.nodes.map((n) => n.name).join(", ")}, or put it back into understudy.yaml.`,
    })
  );
}

/** To look at a node; a step that changes it needs `access`. */
export function nodeAccess(world: World, service: KnownService, node: EffectiveNode): NodeAccess {
  return through(world.host(node), service, node);
}

/** The same node for this attempt of a step under an epoch. */
export function claimAccess({ host, service, node }: NodeAccess, epoch: number): NodeAccess {
  const order = claimOrder(epoch, Context.current().info.currentAttemptScheduledTimestampMs);
  return through(claimedHost(host, node.stateDirectory, order), service, node);
}

/** The run of the workflow that this activity belongs to. */
export function currentRun(): string {
  return Context.current().info.workflowExecution?.runId ?? "";
}

function through(host: Host, service: KnownService, node: EffectiveNode): NodeAccess {
  const { port, python } = node.coordinator;
  return {
    service,
    node,
    host,
    manager: serviceManager(host, node.manager),
    coordinator: zigpyCoordinator(host, { port, python }),
  };
}
