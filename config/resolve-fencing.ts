import { DEFAULTS } from "./defaults.ts";
import { parseDuration } from "./duration.ts";
import { DEFAULT_LADDER } from "./fencing.ts";
import type {
  AgentRung,
  CommandRung,
  RungConfig,
  ShellyRung,
  SnmpLogin,
  SnmpRung,
  TasmotaHttpRung,
  TasmotaMqttRung,
} from "./fencing.ts";
import type { KeyPath } from "./problem.ts";
import type {
  AgentInput,
  CommandInput,
  FencingInput,
  RungInput,
  ShellyInput,
  SnmpInput,
  TasmotaInput,
} from "./schema/fencing.ts";
import type { SecretInput } from "./secret.ts";
import { SNMP_PRESETS } from "./snmp-presets.ts";
import type { SnmpPreset, SnmpSwitch } from "./snmp-presets.ts";

const defaults = DEFAULTS.fencing;

/** Reads the secret at a path below `fencing`; undefined where it is not given, not to be read, or wrong (which is reported). */
type ReadSecret = (path: KeyPath, input: SecretInput | undefined) => Promise<string | undefined>;

/** A node's ladder with its defaults. `broker` is the service's, as far as the file names it. The input has passed schema and checks. */
export async function resolveFencing(
  input: FencingInput | undefined,
  broker: string | undefined,
  readSecret: ReadSecret,
): Promise<readonly RungConfig[]> {
  if (!input) return DEFAULT_LADDER;
  const rungs: RungConfig[] = [];
  for (const [index, rung] of input.entries())
    rungs.push(await resolveRung(rung, broker, (path, secret) => readSecret([index, ...path], secret)));
  return rungs;
}

async function resolveRung(rung: RungInput, broker: string | undefined, read: ReadSecret): Promise<RungConfig> {
  if (typeof rung === "string") return { kind: rung };
  const below =
    (key: string): ReadSecret =>
    (path, input) =>
      read([key, ...path], input);
  if (rung.snmp) return resolveSnmp(rung.snmp, below("snmp"));
  if (rung.tasmota) return resolveTasmota(rung.tasmota, broker, below("tasmota"));
  if (rung.shelly) return resolveShelly(rung.shelly, below("shelly"));
  if (rung.agent) return resolveAgent(rung.agent, below("agent"));
  if (rung.command) return resolveCommand(rung.command);
  throw new TypeError("A rung passed the schema that is none.");
}

async function resolveSnmp(input: SnmpInput, read: ReadSecret): Promise<SnmpRung> {
  const { at, label, proves } = snmpSwitch(input);
  return {
    kind: "snmp",
    host: input.host,
    port: input.port ?? defaults.snmpPort,
    login: await snmpLogin(input, read),
    at,
    label,
    ...power(input, proves),
  };
}

/** The switch that an SNMP rung means; undefined members of the input have been refused by the checks. */
export function snmpSwitch(input: SnmpInput): { at: SnmpSwitch; label: string; proves: SnmpRung["proves"] } {
  if (input.preset === undefined) {
    const oid = withoutDot(input.oid ?? "");
    const on = input.on ?? 0;
    const off = input.off ?? 0;
    const statusOid = input.statusOid === undefined ? oid : withoutDot(input.statusOid);
    const at = { oid, on, off, statusOid, statusOn: input.statusOn ?? on, statusOff: input.statusOff ?? off };
    return { at, label: oid, proves: "host off" };
  }
  const preset: SnmpPreset = SNMP_PRESETS[input.preset];
  const group = input.group ?? defaults.group;
  const number = (preset.counts === "outlet" ? input.outlet : input.switchPort) ?? 0;
  const label =
    preset.counts === "outlet" ? `outlet ${number}` : `port ${input.preset === "poe" ? `${group}.` : ""}${number}`;
  return { at: preset.switchAt(number, group), label, proves: preset.proves };
}

async function snmpLogin(input: SnmpInput, read: ReadSecret): Promise<SnmpLogin> {
  if (input.user === undefined) return { version: "2c", community: await read(["community"], input.community) };
  const { auth, privacy } = input;
  return {
    version: "3",
    user: input.user,
    ...(auth ? { auth: { protocol: auth.protocol, password: await read(["auth", "password"], auth.password) } } : {}),
    ...(privacy
      ? { privacy: { protocol: privacy.protocol, password: await read(["privacy", "password"], privacy.password) } }
      : {}),
  };
}

async function resolveTasmota(
  input: TasmotaInput,
  broker: string | undefined,
  read: ReadSecret,
): Promise<TasmotaHttpRung | TasmotaMqttRung> {
  const common = {
    relay: input.relay ?? defaults.relay,
    ...(await login(input, read)),
    ...power(input, "host off"),
  };
  if (input.topic !== undefined)
    return { kind: "tasmota-mqtt", server: input.server ?? broker ?? "", topic: input.topic, ...common };
  return { kind: "tasmota-http", host: input.host ?? "", port: input.port ?? defaults.httpPort, ...common };
}

async function resolveShelly(input: ShellyInput, read: ReadSecret): Promise<ShellyRung> {
  return {
    kind: "shelly",
    host: input.host,
    port: input.port ?? defaults.httpPort,
    generation: input.generation ?? defaults.generation,
    switch: input.switch ?? defaults.switch,
    ...(await login(input, read)),
    ...power(input, "host off"),
  };
}

async function resolveAgent(input: AgentInput, read: ReadSecret): Promise<AgentRung> {
  const secrets: Record<string, string | undefined> = {};
  for (const [name, secret] of Object.entries(input.secrets ?? {}))
    secrets[name] = await read(["secrets", name], secret);
  return {
    kind: "agent",
    name: input.name,
    options: Object.fromEntries(Object.entries(input.options ?? {}).map(([name, value]) => [name, String(value)])),
    secrets,
    ...power({ ...input, timeout: input.timeout ?? defaults.agentTimeout }, agentProves(input.name)),
  };
}

function resolveCommand({ off, status, on, ...rest }: CommandInput): CommandRung {
  return { kind: "command", off, status, ...(on === undefined ? {} : { on }), ...power(rest, "host off") };
}

/** Agents that cut a host from a network or from its disks, and leave it and its radio running. */
const CUTTING_AGENTS =
  /(^|\/)fence_(ifmib|brocade|sanbox2|cisco_mds|scsi|mpath|hds_cb|kdump|heuristics_ping|ack_manual)$/;

/** What an agent's off proves at most, by its name. */
export function agentProves(name: string): "host off" | "network cut" {
  return CUTTING_AGENTS.test(name) ? "network cut" : "host off";
}

type PowerInput = Pick<CommandInput, "proves" | "trusted" | "timeout">;

function power(input: PowerInput, proves: SnmpRung["proves"]): Pick<SnmpRung, "proves" | "trusted" | "timeoutMs"> {
  const timeoutMs = parseDuration(input.timeout ?? defaults.timeout);
  if (timeoutMs === undefined) throw new TypeError("A duration passed the schema that is none.");
  return { proves: input.proves ?? proves, trusted: input.trusted ?? defaults.trusted, timeoutMs };
}

async function login(
  { user, password }: Pick<ShellyInput, "user" | "password">,
  read: ReadSecret,
): Promise<{ user?: string; password?: string }> {
  const secret = await read(["password"], password);
  return { ...(user === undefined ? {} : { user }), ...(secret === undefined ? {} : { password: secret }) };
}

function withoutDot(oid: string): string {
  return oid.replace(/^\./, "");
}
