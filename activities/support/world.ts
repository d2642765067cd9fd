import type { Client } from "@temporalio/client";
import type { Coordinator } from "../../coordinators/coordinator.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import type { Host } from "../../hosts/host.ts";
import { serviceManager } from "../../hosts/services/service-manager.ts";
import type { ServiceManager } from "../../hosts/services/service-manager.ts";
import { UnderstudyError } from "../../model/errors.ts";

/** A service as configured and found; nodes that could not be reached or understood are in `unknown`, not in `nodes`. */
export interface KnownService extends EffectiveService {
  readonly unknown: ReadonlyMap<string, UnderstudyError>;
}

/** What activities reach the world through. One for a worker; tests make their own. */
export interface World {
  readonly client: Client;
  readonly taskQueue: string;
  /** `fresh` asks the nodes again. Rejects CONFIG_INVALID, and the first node's error where none could be understood. */
  service(name: string, options?: { fresh?: boolean }): Promise<KnownService>;
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

/** A node of a service by its name. Rejects with the node's own error where it could not be reached or understood. */
export async function access(world: World, serviceName: string, name: string): Promise<NodeAccess> {
  const service = await world.service(serviceName);
  const node = service.nodes.find((candidate) => candidate.name === name);
  if (node) return nodeAccess(world, service, node);
  throw (
    service.unknown.get(name) ??
    new UnderstudyError("CONFIG_INVALID", {
      node: name,
      what: `The service ${serviceName} has no node of that name.`,
      next: `name one of ${service.nodes.map((n) => n.name).join(", ")}, or put it back into understudy.yaml.`,
    })
  );
}

export function nodeAccess(world: World, service: KnownService, node: EffectiveNode): NodeAccess {
  const host = world.host(node);
  const { port, python } = node.coordinator;
  return { service, node, host, manager: serviceManager(host, node.manager), coordinator: zigpyCoordinator(host, { port, python }) };
}
