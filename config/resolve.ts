import type { Policy, ServiceManagerConfig, SshTarget } from "./effective.ts";
import { defaultNodeName } from "./checks.ts";
import { resolveAutomation } from "./automation.ts";
import { toReset } from "./coordinator-reset.ts";
import { DEFAULTS } from "./defaults.ts";
import { parseDuration } from "./duration.ts";
import { resolveFencing } from "./resolve-fencing.ts";
import { resolveLocalPath } from "./local-path.ts";
import { parseNodeAddress } from "./node-address.ts";
import { formatPath, type KeyPath, type Problem } from "./problem.ts";
import type { FileInput } from "./schema.ts";
import type { JumpInput, NodeDefaultsInput, NodeInput, SshInput } from "./schema/node.ts";
import type { PolicyInput, ServiceInput } from "./schema/service.ts";
import type { TemporalInput } from "./schema/temporal.ts";
import { checkPrivateFile, checkReadable, readSecret, type SecretInput } from "./secret.ts";
import type { SourceText } from "./source-text.ts";
import type { NodeConfig, ServiceConfig, SetAt, TemporalConfig, UserConfig } from "./user-config.ts";

const LARGEST_CERTIFICATE = 1024 * 1024;

/** What resolving needs to know and collects on its way. */
interface Resolving {
  readonly file: string;
  readonly source: SourceText;
  /** False: secrets and files are left alone and stay undefined, for a program that needs none of them. */
  readonly readSecrets: boolean;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** Fills in defaults, makes paths absolute and durations ms, and reads secrets. The input has passed schema and checks. */
export async function resolveConfig(
  file: string,
  input: FileInput,
  source: SourceText,
  readSecrets: boolean,
): Promise<{ config: UserConfig; problems: Problem[] }> {
  const r: Resolving = { file, source, readSecrets, problems: [], warnings: [] };
  const temporal = await resolveTemporal(r, input.temporal ?? {});
  const services: ServiceConfig[] = [];
  for (const [name, service] of Object.entries(input.services)) services.push(await resolveService(r, name, service));
  return { config: { file, temporal, services, warnings: r.warnings }, problems: r.problems };
}

async function resolveTemporal(r: Resolving, input: TemporalInput): Promise<TemporalConfig> {
  const defaults = DEFAULTS.temporal;
  const at = (key: string): KeyPath => ["temporal", ...key.split(".")];
  return {
    address: input.address,
    namespace: input.namespace ?? defaults.namespace,
    taskQueue: input.taskQueue ?? defaults.taskQueue,
    profile: input.profile,
    apiKey: await secret(r, at("apiKey"), input.apiKey),
    tls: input.tls && {
      caFile: await readableFile(r, at("tls.ca"), input.tls.ca),
      certFile: await readableFile(r, at("tls.cert"), input.tls.cert),
      keyFile: await privateFile(r, at("tls.key"), input.tls.key),
      serverName: input.tls.serverName,
    },
    ownServer: {
      port: input.port ?? defaults.port,
      uiPort: input.uiPort ?? defaults.uiPort,
      executable: input.executable && resolveLocalPath(r.file, input.executable),
      dataDirectory: resolveLocalPath(r.file, input.dataDirectory ?? defaults.dataDirectory),
    },
  };
}

async function resolveService(r: Resolving, name: string, input: ServiceInput): Promise<ServiceConfig> {
  const path: KeyPath = ["services", name];
  const nodes: NodeConfig[] = [];
  for (const [index, node] of input.nodes.entries())
    nodes.push(await resolveNode(r, path, index, node, input.node ?? {}, input.mqtt?.server));
  const mqtt = input.mqtt ?? {};
  return {
    name,
    type: input.type ?? "zigbee2mqtt",
    nodes,
    mqtt: {
      server: mqtt.server,
      user: mqtt.user,
      password: await secret(r, [...path, "mqtt", "password"], mqtt.password),
      caFile: await readableFile(r, [...path, "mqtt", "ca"], mqtt.ca),
      rejectUnauthorized: mqtt.rejectUnauthorized,
      baseTopic: mqtt.baseTopic,
    },
    policy: resolvePolicy(input.policy ?? {}),
    automation: resolveAutomation(input),
    setAt: linesBelow(r, path, ["mqtt", "policy", "failover", "sync", "rotation"]),
  };
}

function resolvePolicy(input: PolicyInput): Policy {
  const defaults = DEFAULTS.policy;
  return {
    keepGenerations: input.keepGenerations ?? defaults.keepGenerations,
    allowNewerStandby: input.allowNewerStandby ?? defaults.allowNewerStandby,
    proofTimeoutMs: milliseconds(input.proofTimeout ?? defaults.proofTimeout),
    counterMargin: input.counterMargin ?? defaults.counterMargin,
    rebootOldNode: input.rebootOldNode ?? defaults.rebootOldNode,
  };
}

async function resolveNode(
  r: Resolving,
  servicePath: KeyPath,
  index: number,
  written: string | NodeInput,
  defaults: NodeDefaultsInput,
  broker: string | undefined,
): Promise<NodeConfig> {
  const path: KeyPath = [...servicePath, "nodes", index];
  const address = typeof written === "string" ? parseNodeAddress(written) : undefined;
  const own: Partial<NodeInput> = typeof written === "string" ? {} : written;
  const host = address?.host ?? own.host ?? "";
  // A setting stands either at the node or at the service's `node:`; errors and sources name the place that counts.
  const placeOf = (key: keyof NodeDefaultsInput, inner?: string): KeyPath => {
    const ownPart = own[key];
    const isOwn = inner === undefined ? ownPart !== undefined : typeof ownPart === "object" && inner in ownPart;
    return [...(isOwn ? path : [...servicePath, "node"]), key, ...(inner === undefined ? [] : [inner])];
  };
  const ssh = await resolveSsh(r, { ...defaults.ssh, ...own.ssh }, (inner) => placeOf("ssh", inner), {
    host,
    port: address?.port ?? own.port ?? defaults.port,
    user: address?.user ?? own.user ?? defaults.user ?? "",
  });
  const { reset: resetInput, ...coordinator } = { ...defaults.coordinator, ...own.coordinator };
  const reset = toReset(resetInput);
  const directories = { ...defaults.zigbee2mqtt, ...own.zigbee2mqtt };
  return {
    name: own.name ?? defaultNodeName(host),
    ssh,
    privilege: own.privilege ?? defaults.privilege ?? DEFAULTS.privilege,
    sudoPassword: await secret(r, placeOf("sudoPassword"), own.sudoPassword ?? defaults.sudoPassword),
    manager: toManager(own.service ?? defaults.service),
    dataDirectory: directories.data ?? (directories.directory && `${directories.directory.replace(/\/+$/, "")}/data`),
    installDirectory: directories.directory,
    coordinator: {
      ...coordinator,
      driver: coordinator.driver ?? DEFAULTS.driver,
      ...(reset ? { reset } : {}),
    },
    stateDirectory: own.state ?? defaults.state,
    fencing: await resolveFencing(own.fencing, broker, (inner, input) =>
      secret(r, [...path, "fencing", ...inner], input),
    ),
    set: { ...defaults.set, ...own.set },
    setAt: nodeLines(r, servicePath, path, typeof written === "string" ? written : undefined),
  };
}

function toManager(input: NodeInput["service"]): ServiceManagerConfig | undefined {
  if (!input) return undefined;
  if (input.openrc !== undefined) return { kind: "openrc", name: input.openrc };
  if (input.systemd !== undefined)
    return { kind: "systemd", unit: input.systemd.includes(".") ? input.systemd : `${input.systemd}.service` };
  if (input.docker !== undefined) return { kind: "docker", container: input.docker };
  return input.commands && { kind: "commands", ...input.commands };
}

interface Login {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string;
}

async function resolveSsh(
  r: Resolving,
  input: SshInput,
  placeOf: (key: string) => KeyPath,
  login: Login,
): Promise<SshTarget> {
  const target: Omit<SshTarget, "jump"> = {
    ...login,
    port: login.port ?? DEFAULTS.ssh.port,
    identityFile: await privateFile(r, placeOf("identityFile"), input.identityFile),
    passphrase: await secret(r, placeOf("passphrase"), input.passphrase),
    agent: input.agent && resolveLocalPath(r.file, input.agent),
    password: await secret(r, placeOf("password"), input.password),
    knownHostsFiles: [input.knownHosts ?? DEFAULTS.ssh.knownHosts].flat().map((path) => resolveLocalPath(r.file, path)),
    keepaliveMs: milliseconds(input.keepalive ?? DEFAULTS.ssh.keepalive),
    connectTimeoutMs: milliseconds(input.connectTimeout ?? DEFAULTS.ssh.connectTimeout),
  };
  if (input.jump === undefined) return target;
  return { ...target, jump: await resolveJump(r, input.jump, input, placeOf) };
}

/** A jump host takes over the node's keys and known_hosts, but never its password. */
async function resolveJump(
  r: Resolving,
  jump: JumpInput,
  node: SshInput,
  nodePlaceOf: (key: string) => KeyPath,
): Promise<SshTarget> {
  const address = typeof jump === "string" ? parseNodeAddress(jump) : undefined;
  const own: Exclude<JumpInput, string> =
    typeof jump === "string" ? { host: address?.host ?? "", user: address?.user ?? "", port: address?.port } : jump;
  const settings: SshInput = {
    identityFile: own.identityFile ?? node.identityFile,
    passphrase: own.passphrase ?? (own.identityFile === undefined ? node.passphrase : undefined),
    agent: own.agent ?? node.agent,
    password: own.password,
    knownHosts: own.knownHosts ?? node.knownHosts,
    keepalive: node.keepalive,
    connectTimeout: node.connectTimeout,
    jump: own.jump,
  };
  const placeOf = (key: string): KeyPath => (key in own ? [...nodePlaceOf("jump"), key] : nodePlaceOf(key));
  return resolveSsh(r, settings, placeOf, { host: own.host, port: own.port, user: own.user });
}

async function secret(r: Resolving, path: KeyPath, input: SecretInput | undefined): Promise<string | undefined> {
  if (input === undefined || !r.readSecrets) return undefined;
  if (typeof input === "string") {
    const { line } = r.source.position(path, "key");
    r.warnings.push(
      `${formatPath(path)} (line ${line}) stands in the file in clear; { file: path } or { env: NAME } keeps it out.`,
    );
  }
  const result = await readSecret(input, (name) => resolveLocalPath(r.file, name));
  if ("value" in result) return result.value;
  report(r, path, result);
  return undefined;
}

async function privateFile(r: Resolving, path: KeyPath, input: string | undefined): Promise<string | undefined> {
  return checkedFile(r, path, input, checkPrivateFile);
}

async function readableFile(r: Resolving, path: KeyPath, input: string | undefined): Promise<string | undefined> {
  return checkedFile(r, path, input, (name) => checkReadable(name, LARGEST_CERTIFICATE));
}

type FileCheck = (path: string) => Promise<{ wrong: string; mend: string } | undefined>;

async function checkedFile(
  r: Resolving,
  path: KeyPath,
  input: string | undefined,
  check: FileCheck,
): Promise<string | undefined> {
  if (input === undefined) return undefined;
  const absolute = resolveLocalPath(r.file, input);
  const refused = r.readSecrets ? await check(absolute) : undefined;
  if (refused) report(r, path, refused);
  return absolute;
}

function report(r: Resolving, path: KeyPath, words: { wrong: string; mend: string }): void {
  const problem = { ...r.source.position(path, "key"), key: formatPath(path), ...words };
  // What stands once below `node:` is resolved for every node, and would be told as often.
  const known = r.problems.some(
    (other) => other.line === problem.line && other.key === problem.key && other.wrong === problem.wrong,
  );
  if (!known) r.problems.push(problem);
}

/** The schema has let only durations through. */
function milliseconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new TypeError("A duration passed the schema that is none.");
  return ms;
}

function linesBelow(r: Resolving, path: KeyPath, keys: readonly string[]): SetAt {
  const found: Record<string, number> = {};
  for (const [rest, line] of r.source.linesBelow(path)) {
    if (keys.includes(rest.split(/[.[]/)[0] ?? "")) found[plainKey(rest)] = line;
  }
  return found;
}

function nodeLines(r: Resolving, servicePath: KeyPath, path: KeyPath, address: string | undefined): SetAt {
  const found: Record<string, number> = {};
  for (const from of [[...servicePath, "node"], path]) {
    for (const [rest, line] of r.source.linesBelow(from)) found[plainKey(rest)] = line;
  }
  const line = r.source.lines.get(formatPath(path));
  if (address !== undefined && line !== undefined) {
    found.host = line;
    found.user = line;
    if (parseNodeAddress(address)?.port !== undefined) found.port = line;
  }
  return found;
}

/** `set["frontend.host"]` as `set.frontend.host`. */
function plainKey(key: string): string {
  return key.replaceAll(/\["([^"]*)"\]/g, ".$1");
}
