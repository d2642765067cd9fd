import { posix } from "node:path";
import type { Host } from "../../hosts/host.ts";
import { DEFAULTS } from "../defaults.ts";
import type { CoordinatorConfig, Privilege, ServiceManagerConfig, SshTarget } from "../effective.ts";
import type { NodeConfig, ServiceConfig } from "../user-config.ts";
import { findInstallation } from "./data-directory.ts";
import { DEFAULT_SOURCE, notUnderstood, setInFile, type Found, type NodeContext } from "./found.ts";
import { askManager } from "./manager-facts.ts";
import { findOwnValues, type OwnValue } from "./own-values.ts";
import { askIdentity, choosePrivilege, type Identity } from "./privilege.ts";
import { findPython } from "./python.ts";
import { findSerialPort } from "./serial-port.ts";
import { findServiceManager } from "./service-manager.ts";
import { readZigbee2MqttConfiguration, type Zigbee2MqttConfiguration } from "./zigbee2mqtt-configuration.ts";

/** How a node is reached, before or after its privilege is known. */
export interface NodeConnection {
  readonly name: string;
  readonly ssh: SshTarget;
  readonly privilege: Privilege;
}

/** Everything that was found out about one node by itself. */
export interface FoundNode {
  readonly node: NodeConfig;
  readonly privilege: Privilege;
  readonly manager: ServiceManagerConfig;
  readonly dataDirectory: string;
  readonly version: string;
  readonly coordinator: CoordinatorConfig;
  readonly stateDirectory: string;
  readonly ownValues: ReadonlyMap<string, Found<OwnValue>>;
  readonly configuration: Zigbee2MqttConfiguration | undefined;
  /** By the key of understudy.yaml below the node (`zigbee2mqtt.data`). */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/**
 * Finds on one node what understudy.yaml leaves open. Only reads. `hosts` is called once or twice: for a host without
 * privilege, and for one with the privilege that was found; both are closed.
 * Rejects as Host.run does, PRIVILEGE_REFUSED, and NODE_NOT_UNDERSTOOD with the key to set.
 */
export async function discoverNode(
  service: ServiceConfig,
  node: NodeConfig,
  hosts: (connection: NodeConnection) => Host,
): Promise<FoundNode> {
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(`${node.name}: ${warning}`);
  const plain = hosts({ name: node.name, ssh: node.ssh, privilege: { kind: "none" } });
  try {
    const identity = await askIdentity(plain);
    const privilege = choosePrivilege(node, identity, warn);
    const host =
      privilege.value.kind === "none" ? plain : hosts({ name: node.name, ssh: node.ssh, privilege: privilege.value });
    try {
      const context: NodeContext = { host, node, service: service.name, home: identity.home, warn };
      return { ...(await lookAround(context, service, identity, privilege)), warnings };
    } finally {
      if (host !== plain) await host.close();
    }
  } finally {
    await plain.close();
  }
}

async function lookAround(
  context: NodeContext,
  service: ServiceConfig,
  identity: Identity,
  privilege: Found<Privilege>,
): Promise<Omit<FoundNode, "warnings">> {
  const { node, warn } = context;
  const manager = await findServiceManager(context);
  const facts = await askManager(context, manager.value);
  const { data, version } = await findInstallation(context, facts);
  const configuration = await readZigbee2MqttConfiguration(context, data.value);
  const [serial, python] = await Promise.all([findSerialPort(context, configuration, facts), findPython(context)]);
  const state = stateDirectory(context, service, identity, privilege.value);
  if (`${state.value}/`.startsWith(`${data.value}/`)) {
    throw notUnderstood(
      node.name,
      `Understudy's own directory ${state.value} is inside Zigbee2MQTT's data directory, whose backups would take it along.`,
      "set state for this node to another directory.",
    );
  }
  if (configuration === undefined)
    warn(`there is no configuration.yaml in ${data.value} yet; as a standby it needs none.`);
  if (configuration?.serial.adapter !== undefined && configuration.serial.adapter !== "zstack") {
    warn("serial.adapter is not zstack: only coordinators with Z-Stack can be handed over.");
  }
  if (facts.overrides.length > 0) {
    warn(
      `${facts.overrides.join(", ")} override configuration.yaml at each start of Zigbee2MQTT; Understudy reads only the file.`,
    );
  }
  return {
    node,
    privilege: privilege.value,
    manager: manager.value,
    dataDirectory: data.value,
    version: version.value,
    coordinator: {
      driver: node.coordinator.driver,
      port: serial.port.value,
      serialNumber: serial.serialNumber?.value,
      ...(serial.unproven ? { unproven: true } : {}),
      python: python.value,
      ...(node.coordinator.reset ? { reset: node.coordinator.reset } : {}),
    },
    stateDirectory: state.value,
    ownValues: findOwnValues(node, configuration, serial),
    configuration,
    sources: new Map([
      ...sshSources(node),
      ["privilege", privilege.source],
      ["service", manager.source],
      ["zigbee2mqtt.data", data.source],
      ["zigbee2mqtt.version", version.source],
      ["coordinator.port", serial.port.source],
      ...(serial.serialNumber ? [["coordinator.serialNumber", serial.serialNumber.source] as const] : []),
      ["coordinator.python", python.source],
      ...(node.coordinator.reset ? [["coordinator.reset", setInFile(node.setAt, "coordinator.reset")] as const] : []),
      [
        "coordinator.driver",
        node.setAt["coordinator.driver"] === undefined ? DEFAULT_SOURCE : setInFile(node.setAt, "coordinator.driver"),
      ],
      ["state", state.source],
    ]),
  };
}

const SSH_KEYS = [
  "name",
  "host",
  "user",
  "port",
  "ssh.identityFile",
  "ssh.passphrase",
  "ssh.agent",
  "ssh.password",
  "ssh.knownHosts",
  "ssh.jump",
  "ssh.keepalive",
  "ssh.connectTimeout",
  "sudoPassword",
];

function sshSources(node: NodeConfig): [string, string][] {
  return SSH_KEYS.map((key) => [key, node.setAt[key] === undefined ? DEFAULT_SOURCE : setInFile(node.setAt, key)]);
}

/** Two nodes in one machine share neither generations nor epochs, so each has a directory of its own. */
function stateDirectory(
  { node, home }: NodeContext,
  service: ServiceConfig,
  identity: Identity,
  privilege: Privilege,
): Found<string> {
  if (node.stateDirectory !== undefined)
    return { value: posix.normalize(node.stateDirectory), source: setInFile(node.setAt, "state") };
  const shared = service.nodes.some(
    (other) => other !== node && other.ssh.host === node.ssh.host && other.ssh.port === node.ssh.port,
  );
  const parts = shared ? [service.name, node.name] : [service.name];
  const isRoot = identity.root || privilege.kind !== "none";
  if (!isRoot && home === "")
    throw notUnderstood(node.name, "The node does not tell the user's home directory.", "set state for this node.");
  const base = isRoot ? DEFAULTS.state.asRoot : posix.join(home, DEFAULTS.state.inHome);
  return { value: posix.join(base, ...parts), source: DEFAULT_SOURCE };
}
