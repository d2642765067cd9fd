import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import type { Coordinator } from "../../coordinators/coordinator.ts";
import { coordinatorOf } from "../../coordinators/driver.ts";
import type { Automation } from "../../config/automation.ts";
import type { EffectiveNode, EffectiveService, SshTarget } from "../../config/effective.ts";
import type { NodeConfig } from "../../config/user-config.ts";
import type { Host } from "../../hosts/host.ts";
import { serviceManager } from "../../hosts/services/service-manager.ts";
import type { ServiceManager } from "../../hosts/services/service-manager.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { claimOrder, claimedHost, leaveMark } from "./claim.ts";

/** A service as configured and found; nodes that could not be reached or understood are in `unknown`, not in `nodes`. */
export interface KnownService extends EffectiveService {
  readonly unknown: ReadonlyMap<string, UnderstudyError>;
  /** This controller's name for the marks that it leaves on nodes; undefined where Temporal does not tell. */
  readonly controller: string | undefined;
}

export interface ServiceOptions {
  readonly run: string;
  readonly fresh?: boolean;
  /** All that is needed: what is known is enough where it has these, and a lost node is not asked again and again for them. */
  readonly only?: readonly string[];
}

/** What activities reach the world through. One for a worker; tests make their own. */
export interface World {
  readonly client: Client;
  readonly taskQueue: string;
  /**
   * What was found on the nodes, believed within one `run` of a workflow: a node may have been changed since the one before.
   * `fresh` asks the nodes again. Rejects CONFIG_INVALID, and the first node's error where none could be understood.
   */
  service(name: string, options: ServiceOptions): Promise<KnownService>;
  /** The names of a service's nodes, as understudy.yaml has them. Throws CONFIG_INVALID. */
  nodeNames(name: string): readonly string[];
  /** What needs no question now: the file, and what the nodes last said of themselves. Throws CONFIG_INVALID. */
  remembered(name: string): Remembered;
  /** The one connection to that node. */
  host(node: EffectiveNode): Host;
}

/** What is known of a service without asking, because whoever asks may be needed most when nobody answers. */
export interface Remembered {
  readonly automation: Automation;
  /** Undefined until any of its nodes was understood. */
  readonly service?: KnownService;
  readonly nodes: readonly {
    readonly name: string;
    readonly ssh: SshTarget;
    readonly configured: NodeConfig;
    /** As it was last found; undefined where it never was since this process began. */
    readonly found?: EffectiveNode;
  }[];
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
  const service = await world.service(step.service, { run: currentRun(), only: [step.node] });
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
  return through(claimedHost(host, node.stateDirectory, currentOrder(epoch), service.controller), service, node);
}

/** A step that only looks says on the node that this controller is at work. Rejects EPOCH_SUPERSEDED where a later step came before it. */
export async function showAtWork(
  { host, service, node }: NodeAccess,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const { stateDirectory } = node;
  await leaveMark(host, { stateDirectory, order: currentOrder(epoch), controller: service.controller }, signal);
}

function currentOrder(epoch: number): string {
  return claimOrder(epoch, Context.current().info.currentAttemptScheduledTimestampMs);
}

/** The run of the workflow that this activity belongs to. */
export function currentRun(): string {
  return Context.current().info.workflowExecution?.runId ?? "";
}

function through(host: Host, service: KnownService, node: EffectiveNode): NodeAccess {
  return {
    service,
    node,
    host,
    manager: serviceManager(host, node.manager),
    coordinator: coordinatorOf(host, node.coordinator),
  };
}
