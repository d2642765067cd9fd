import { automationShape } from "./automation.ts";
import { resetShape } from "./coordinator-reset.ts";
import { Document, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from "yaml";
import type { Discovery } from "./discover.ts";
import { formatDuration } from "./duration.ts";
import type { BrokerConfig, EffectiveNode, Policy, ServiceManagerConfig, SshTarget } from "./effective.ts";
import { formatPath, type KeyPath } from "./problem.ts";

const HIDDEN = "<secret>";

/** Own values that are secrets by their name. */
const SECRET_KEYS = /password|passphrase|token|secret|_key$/i;

/**
 * The effective configuration of a service in the form of understudy.yaml, each value with a comment that says where it
 * comes from, so that any line can be copied into the file. Secrets are shown as `<secret>`.
 */
export function showEffective(discovery: Discovery): string {
  const { service, warnings } = discovery;
  const shape = {
    nodes: service.nodes.map(nodeShape),
    mqtt: brokerShape(service.broker),
    policy: policyShape(service.policy),
    ...automationShape(service.automation),
  };
  const document = new Document();
  document.contents = mapOf("services", mapOf(service.name, toYaml(shape, [], sourcesWithVersions(discovery))));
  if (warnings.length > 0)
    document.commentBefore = warnings.map((warning) => ` Note: ${printable(warning)}`).join("\n");
  return document.toString({ lineWidth: 0 });
}

function mapOf(key: string, value: Node): YAMLMap<Scalar, Node> {
  const map = new YAMLMap<Scalar, Node>();
  map.items = [new Pair(new Scalar(key), value)];
  return map;
}

/** Builds the YAML of a value, with a comment behind every plain value. */
function toYaml(value: unknown, path: KeyPath, sources: ReadonlyMap<string, string>): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq<Node>();
    list.items = value.map((item, index) => toYaml(item, [...path, index], sources));
    return list;
  }
  if (typeof value === "object" && value !== null) {
    const map = new YAMLMap<Scalar, Node>();
    map.items = Object.entries(value).map(
      ([key, inner]) => new Pair(new Scalar(key), toYaml(inner, [...path, key], sources)),
    );
    return map;
  }
  const scalar = new Scalar(value);
  const source = sourceOf(sources, path);
  if (source !== undefined) scalar.comment = ` ${printable(source)}`;
  return scalar;
}

/** A value's source is its own or that of the nearest setting around it. */
function sourceOf(sources: ReadonlyMap<string, string>, path: KeyPath): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const source = sources.get(formatPath(path.slice(0, length)));
    if (source !== undefined) return source;
  }
  return undefined;
}

/** The version is nothing that can be set, but belongs beside the directory. */
function sourcesWithVersions({ service, sources }: Discovery): Map<string, string> {
  const all = new Map(sources);
  for (const [index, node] of service.nodes.entries()) {
    const key = `nodes[${index}].zigbee2mqtt`;
    all.set(`${key}.data`, `${sources.get(`${key}.data`)}; version ${node.version}, ${sources.get(`${key}.version`)}`);
  }
  return all;
}

/** File names of a node may hold anything, even what steers a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}

function nodeShape(node: EffectiveNode): Record<string, unknown> {
  const { host, user, port, ...ssh } = sshShape(node.ssh);
  return withoutUndefined({
    name: node.name,
    host,
    user,
    port,
    ssh,
    privilege: node.privilege.kind,
    sudoPassword: node.privilege.kind === "sudo" ? hide(node.privilege.password) : undefined,
    service: managerShape(node.manager),
    zigbee2mqtt: { data: node.dataDirectory },
    coordinator: withoutUndefined({
      ...node.coordinator,
      // Found out, not set: a warning says it.
      unproven: undefined,
      reset: node.coordinator.reset && resetShape(node.coordinator.reset),
    }),
    state: node.stateDirectory,
    set: Object.fromEntries(Object.entries(node.ownValues).map(([path, value]) => [path, hideInOwnValue(path, value)])),
  });
}

function sshShape(ssh: SshTarget): Record<string, unknown> {
  return withoutUndefined({
    host: ssh.host,
    user: ssh.user,
    port: ssh.port,
    identityFile: ssh.identityFile,
    passphrase: hide(ssh.passphrase),
    agent: ssh.agent,
    password: hide(ssh.password),
    knownHosts: ssh.knownHostsFiles,
    jump: ssh.jump && jumpShape(ssh.jump),
    keepalive: formatDuration(ssh.keepaliveMs),
    connectTimeout: formatDuration(ssh.connectTimeoutMs),
  });
}

/** A jump host has no keepalive and time limit of its own. */
function jumpShape(jump: SshTarget): Record<string, unknown> {
  const { keepalive: _keepalive, connectTimeout: _connectTimeout, ...shape } = sshShape(jump);
  return shape;
}

function managerShape(manager: ServiceManagerConfig): Record<string, unknown> {
  switch (manager.kind) {
    case "openrc":
      return { openrc: manager.name };
    case "systemd":
      return { systemd: manager.unit };
    case "docker":
      return { docker: manager.container };
    case "commands":
      return { commands: { start: manager.start, stop: manager.stop, status: manager.status } };
  }
}

function brokerShape(broker: BrokerConfig): Record<string, unknown> {
  return withoutUndefined({
    server: broker.url,
    user: broker.username,
    password: hide(broker.password),
    ca: broker.caFile,
    rejectUnauthorized: broker.rejectUnauthorized,
    baseTopic: broker.baseTopic,
  });
}

function policyShape({ proofTimeoutMs, ...policy }: Policy): Record<string, unknown> {
  return { ...policy, proofTimeout: formatDuration(proofTimeoutMs) };
}

function hide(secret: string | undefined): string | undefined {
  return secret === undefined ? undefined : HIDDEN;
}

function hideInOwnValue(path: string, value: string | number | boolean): string | number | boolean {
  if (SECRET_KEYS.test(path)) return HIDDEN;
  return typeof value === "string" ? value.replace(/\/\/[^/]*@/, `//${HIDDEN}@`) : value;
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
