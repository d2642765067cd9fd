import type { Host } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import { findBroker, stripLogin } from "./discover/broker.ts";
import { DEFAULT_SOURCE, setInFile } from "./discover/found.ts";
import { discoverNode, type FoundNode, type NodeConnection } from "./discover/node.ts";
import type { BrokerConfig, EffectiveNode, EffectiveService } from "./effective.ts";
import { formatPath } from "./problem.ts";
import type { ServiceConfig, UserConfig } from "./user-config.ts";

export interface Discovery {
  readonly service: EffectiveService;
  /** Where each value comes from, by its key in understudy.yaml below the service: `nodes[0].coordinator.port`, `mqtt.server`. */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/**
 * Joins understudy.yaml with what is found on the nodes, all of them at the same time. Only reads. `hosts` gives access
 * to a node (with `connectHost`: a connection); every host it returns is closed before this resolves.
 * Rejects CONFIG_INVALID for a service that is not in the file, NODE_NOT_UNDERSTOOD with the key to set, PRIVILEGE_REFUSED,
 * and what Host.run rejects with; with several nodes at fault, with the first one's error.
 */
export async function effectiveService(
  config: UserConfig,
  serviceName: string,
  hosts: (connection: NodeConnection) => Host,
): Promise<Discovery> {
  const service = findService(config, serviceName);
  const { found, failed } = await discoverNodes(service, hosts);
  const [first] = failed.values();
  if (first) throw first;
  return join(service, found);
}

/**
 * As `effectiveService`, but goes on without the nodes that cannot be reached or understood, each with its error in
 * `unknown`: one lost node must not stop work on the rest. Rejects with the first one's error where none is left. `only`:
 * the others are not asked at all, and in neither list.
 */
export async function reachableService(
  config: UserConfig,
  serviceName: string,
  hosts: (connection: NodeConnection) => Host,
  only?: readonly string[],
): Promise<Discovery & { readonly unknown: ReadonlyMap<string, UnderstudyError> }> {
  const whole = findService(config, serviceName);
  const service = only ? { ...whole, nodes: whole.nodes.filter(({ name }) => only.includes(name)) } : whole;
  const { found, failed } = await discoverNodes(service, hosts);
  const [first] = failed.values();
  if (first && found.length === 0) throw first;
  return { ...join(service, found), unknown: failed };
}

/** Waits for all nodes, so that no host is in use any more when it resolves. Rejects only with what is a bug. */
async function discoverNodes(
  service: ServiceConfig,
  hosts: (connection: NodeConnection) => Host,
): Promise<{ found: readonly FoundNode[]; failed: ReadonlyMap<string, UnderstudyError> }> {
  const results = await Promise.allSettled(service.nodes.map((node) => discoverNode(service, node, hosts)));
  const found: FoundNode[] = [];
  const failed = new Map<string, UnderstudyError>();
  for (const [index, node] of service.nodes.entries()) {
    const result = results[index];
    if (result?.status === "fulfilled") found.push(result.value);
    else if (result?.reason instanceof UnderstudyError) failed.set(node.name, result.reason);
    else throw result?.reason;
  }
  return { found, failed };
}

function join(service: ServiceConfig, found: readonly FoundNode[]): Discovery {
  const warnings = found.flatMap((node) => node.warnings);
  const { broker, sources: brokerSources } = findBroker(
    service,
    found.map(({ node, configuration }) => ({ node: node.name, sshHost: node.ssh.host, configuration })),
    (warning) => warnings.push(warning),
  );
  const sources = new Map([...brokerSources, ...policySources(service)]);
  const nodes = found.map((node) => {
    const { effective, sources: nodeSources } = joinNode(node, broker);
    const index = service.nodes.indexOf(node.node);
    for (const [key, source] of nodeSources) sources.set(`nodes[${index}].${key}`, source);
    return effective;
  });
  checkCoordinators(found, nodes);
  return {
    service: { name: service.name, nodes, broker, policy: service.policy, automation: service.automation },
    sources,
    warnings,
  };
}

/** The service of that name. Rejects CONFIG_INVALID naming those that exist. */
export function findService(config: UserConfig, name: string): ServiceConfig {
  const service = config.services.find((candidate) => candidate.name === name);
  if (service) return service;
  const names = config.services.map((candidate) => candidate.name);
  const meant = didYouMean(name, names);
  throw new UnderstudyError("CONFIG_INVALID", {
    what: `There is no service "${name}" in ${config.file}.`,
    next: meant ? `use "${meant}", if that was meant.` : `use one of: ${names.join(", ")}.`,
  });
}

function joinNode(found: FoundNode, broker: BrokerConfig): { effective: EffectiveNode; sources: Map<string, string> } {
  const { node } = found;
  const ownValues = new Map(found.ownValues);
  // Without a server of its own, this node would take over the active's, whose "localhost" is another machine here.
  if (!ownValues.has("mqtt.server"))
    ownValues.set("mqtt.server", {
      value: broker.url,
      source: "the service's broker, because this node's configuration names none",
    });
  const sources = new Map(found.sources);
  for (const [path, value] of ownValues) sources.set(formatPath(["set", path]), value.source);
  const effective: EffectiveNode = {
    name: node.name,
    ssh: node.ssh,
    privilege: found.privilege,
    manager: found.manager,
    dataDirectory: found.dataDirectory,
    version: found.version,
    coordinator: found.coordinator,
    stateDirectory: found.stateDirectory,
    ownValues: Object.fromEntries([...ownValues].map(([path, { value }]) => [path, value])),
    mqttServer: stripLogin(String(ownValues.get("mqtt.server")?.value ?? broker.url)),
  };
  return { effective, sources };
}

const POLICY_KEYS = [
  ...["keepGenerations", "allowNewerStandby", "proofTimeout", "counterMargin", "rebootOldNode"].map(
    (key) => `policy.${key}`,
  ),
  ...["after", "restarts", "quietTime", "oldestCopy", "offlineBoot", "selfFence"].map((key) => `failover.${key}`),
  ...["every", "preload"].map((key) => `sync.${key}`),
  "rotation",
  "rotation.days",
  "rotation.at",
  "rotation.timeZone",
];

function policySources({ setAt }: ServiceConfig): [string, string][] {
  return POLICY_KEYS.map((key) => [key, setAt[key] === undefined ? DEFAULT_SOURCE : setInFile(setAt, key)]);
}

/** One stick of a machine cannot be two nodes' coordinator. (A coordinator on the network may well be shared.) */
function checkCoordinators(found: readonly FoundNode[], nodes: readonly EffectiveNode[]): void {
  for (const [index, node] of nodes.entries()) {
    const other = nodes.slice(0, index).find((earlier) => isSameStick(node, earlier));
    if (!other) continue;
    throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
      node: node.name,
      what: `Its coordinator at ${node.coordinator.port} is also that of ${other.name}.`,
      next: `set coordinator.port or coordinator.serialNumber for ${found[index]?.node.name} to its own stick.`,
    });
  }
}

function isSameStick(a: EffectiveNode, b: EffectiveNode): boolean {
  const isSameMachine = a.ssh.host === b.ssh.host && a.ssh.port === b.ssh.port;
  return isSameMachine && a.coordinator.port === b.coordinator.port;
}

export type { NodeConnection };
