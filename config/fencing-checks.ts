import { hostOfUrl, isSameMachine, normalHost, ownAddresses } from "./machine-address.ts";
import { parseNodeAddress } from "./node-address.ts";
import type { KeyPath } from "./problem.ts";
import { agentProves, snmpSwitch } from "./resolve-fencing.ts";
import type { FileInput } from "./schema.ts";
import type { AgentInput, FencingInput, RungInput, TasmotaInput } from "./schema/fencing.ts";
import type { ServiceInput } from "./schema/service.ts";
import { checkSnmp } from "./snmp-checks.ts";
import { DEFAULTS } from "./defaults.ts";

type Report = (path: KeyPath, wrong: string, mend: string) => void;

interface FencedNode {
  readonly path: KeyPath;
  readonly host: string;
  readonly fencing: FencingInput;
  /** The broker of its service, as far as the file names it. */
  readonly broker: string | undefined;
}

/**
 * Finds rungs that cannot work: above all those that go through what they fence, so that they fail exactly when they are
 * needed. `own`: the addresses of this machine.
 */
export function checkFencing(input: FileInput, report: Report, own: ReadonlySet<string> = ownAddresses()): void {
  const services = Object.entries(input.services);
  const topics = new Set([DEFAULTS.mqtt.baseTopic, ...services.flatMap(([, { mqtt }]) => mqtt?.baseTopic ?? [])]);
  const nodes = services.flatMap(([name, service]) => fencedNodes(["services", name], service));
  for (const node of nodes) {
    for (const [index, rung] of node.fencing.entries()) {
      const path = [...node.path, "fencing", index];
      if (rung === "person" && index < node.fencing.length - 1)
        report(path, "stands before other rungs, which would never be tried", "let `person` be the last one");
      checkRung({ node, path, rung, topics, own, report });
    }
  }
  checkShared(nodes, report);
}

function fencedNodes(path: KeyPath, service: ServiceInput): FencedNode[] {
  return service.nodes.flatMap((node, index) => {
    if (typeof node === "string" || !node.fencing) return [];
    return [
      {
        path: [...path, "nodes", index],
        host: node.host,
        fencing: node.fencing,
        broker: service.mqtt?.server,
      },
    ];
  });
}

interface Checked {
  readonly node: FencedNode;
  readonly path: KeyPath;
  readonly rung: RungInput;
  readonly topics: ReadonlySet<string>;
  readonly own: ReadonlySet<string>;
  readonly report: Report;
}

function checkRung(checked: Checked): void {
  const { rung, path, report } = checked;
  if (typeof rung === "string") return;
  if (rung.snmp) {
    checkSnmp(rung.snmp, [...path, "snmp"], report);
    checkDevice(checked, [...path, "snmp", "host"], rung.snmp.host);
  }
  if (rung.tasmota) checkTasmota(checked, rung.tasmota);
  if (rung.shelly) {
    checkDevice(checked, [...path, "shelly", "host"], rung.shelly.host);
    if (rung.shelly.user !== undefined && rung.shelly.password === undefined)
      report([...path, "shelly", "user"], "stands without a password", "add the password, or remove the user");
  }
  if (rung.agent) checkAgent(checked, rung.agent);
  if (rung.command) {
    const { off, status, on } = rung.command;
    for (const [key, text] of Object.entries({ off, status, on }))
      if (text !== undefined) checkCommand(checked, [...path, "command", key], text);
  }
}

/** A device that is the fenced host answers as long as the host lives, and not when it matters. */
function checkDevice({ node, own, report }: Checked, path: KeyPath, host: string): void {
  if (!isSameMachine(node.host, host, own)) return;
  report(
    path,
    "is the node that it is to switch off: a lost node does not switch itself off",
    "name the plug, PDU or switch that powers the node; for what the node does by itself there is the rung `ssh`",
  );
}

function checkTasmota(checked: Checked, tasmota: TasmotaInput): void {
  const { node, own, report, topics } = checked;
  const path = [...checked.path, "tasmota"];
  if ((tasmota.host === undefined) === (tasmota.topic === undefined)) {
    report(
      path,
      "needs exactly one of host (HTTP) and topic (MQTT)",
      "write `host: 10.0.0.21`, or `topic: attic-plug`",
    );
    return;
  }
  if (tasmota.host !== undefined) {
    checkDevice(checked, [...path, "host"], tasmota.host);
    if (tasmota.server !== undefined)
      report(
        [...path, "server"],
        "is a broker, but the plug is reached by HTTP",
        "write topic instead of host, or remove server",
      );
    return;
  }
  if (tasmota.port !== undefined)
    report(
      [...path, "port"],
      "is for HTTP, but the plug is reached by MQTT",
      "remove it; the broker's port belongs into server",
    );
  const server = tasmota.server ?? node.broker;
  if (server === undefined) {
    report(
      path,
      "does not say which broker the plug is connected to",
      "add `server: mqtt://…` with a broker that does not run on this node",
    );
    return;
  }
  if (isSameMachine(node.host, hostOfUrl(server) ?? "", own)) {
    report(
      tasmota.server === undefined ? path : [...path, "server"],
      "goes through a broker on the node that it is to switch off: both are lost together",
      "reach the plug by HTTP (`host`), or connect it to a broker on another machine",
    );
  }
  if (tasmota.topic !== undefined && isBelow(tasmota.topic, topics)) reportZigbee(report, [...path, "topic"]);
}

function reportZigbee(report: Report, path: KeyPath): void {
  report(
    path,
    "is a Zigbee device: without the coordinator that has been lost it cannot be switched",
    "take a plug on Wi-Fi or Ethernet, an outlet of a PDU, or a PoE port",
  );
}

function isBelow(topic: string, baseTopics: ReadonlySet<string>): boolean {
  return [...baseTopics].some((base) => topic === base || topic.startsWith(`${base}/`));
}

/** Options that would be shown, and hashed, with the others. */
const SECRET_OPTION = /(passwd|password|secret|token|api_?key|community)$/i;
const ADDRESS_OPTIONS: readonly string[] = ["ip", "ipaddr"];

function checkAgent(checked: Checked, agent: AgentInput): void {
  const { report } = checked;
  const path = [...checked.path, "agent"];
  for (const [name, value] of Object.entries(agent.options ?? {})) {
    if (name === "action" || name === "option")
      report([...path, "options", name], "is given by Understudy itself", "remove it");
    if (ADDRESS_OPTIONS.includes(name) && typeof value === "string")
      checkDevice(checked, [...path, "options", name], value);
  }
  for (const name of Object.keys(agent.options ?? {}))
    if (SECRET_OPTION.test(name))
      report([...path, "options", name], "is a secret", `write it below secrets: \`${name}: { file: … }\``);
  for (const name of Object.keys(agent.secrets ?? {}))
    if (agent.options?.[name] !== undefined)
      report([...path, "secrets", name], "stands below options as well", "leave it below secrets alone");
  if (agent.proves !== undefined && agent.proves !== "network cut" && agentProves(agent.name) === "network cut")
    report(
      [...path, "proves"],
      "is more than this agent can prove: it cuts a host off and leaves its radio on the air",
      "remove `proves`, and take an agent that switches power",
    );
}

/** What it does cannot be known; but a command that names the node, or a Zigbee topic, goes through what it fences. */
function checkCommand({ node, report, topics }: Checked, path: KeyPath, text: string): void {
  const words = text.split(/[\s'"=,;|&()<>]+/).filter((word) => word !== "");
  if (words.some((word) => hostsIn(word).includes(normalHost(node.host)))) {
    report(
      path,
      "names the node that it is to switch off, so it seems to go through it",
      "address what powers the node; where the node's address is only a label, give the command another name for it",
    );
  }
  if (words.some((word) => isBelow(word, topics))) reportZigbee(report, path);
}

/** The hosts that a word of a command may mean: `10.0.0.2`, `pi@10.0.0.2:/tmp`, `http://10.0.0.2/off`. */
function hostsIn(word: string): readonly string[] {
  const login = parseNodeAddress(word)?.host;
  const [beforeColon = ""] = (word.split("@").at(-1) ?? "").split(":");
  return [word, beforeColon, login, hostOfUrl(word)].flatMap((host) => (host === undefined ? [] : [normalHost(host)]));
}

/** One outlet for two hosts: whichever of them is fenced, both are lost. */
function checkShared(nodes: readonly FencedNode[], report: Report): void {
  const seen = new Map<string, FencedNode>();
  for (const node of nodes) {
    for (const [index, rung] of node.fencing.entries()) {
      const device = deviceOf(rung, node);
      if (device === undefined) continue;
      const other = seen.get(device);
      if (!other) seen.set(device, node);
      else if (normalHost(other.host) !== normalHost(node.host))
        report(
          [...node.path, "fencing", index],
          "is also a rung of another node: it would switch both off",
          "give each node an outlet or port of its own",
        );
    }
  }
}

/** What a rung switches, in one spelling; undefined where that is not known. */
function deviceOf(rung: RungInput, node: FencedNode): string | undefined {
  if (typeof rung === "string") return undefined;
  if (rung.snmp) return `snmp ${normalHost(rung.snmp.host)} ${rung.snmp.port ?? ""} ${snmpSwitch(rung.snmp).at.oid}`;
  if (rung.shelly)
    return `shelly ${normalHost(rung.shelly.host)} ${rung.shelly.port ?? ""} ${rung.shelly.switch ?? DEFAULTS.fencing.switch}`;
  if (rung.tasmota) {
    const { host, port = "", topic, server = node.broker, relay = DEFAULTS.fencing.relay } = rung.tasmota;
    return host === undefined ? `mqtt ${server} ${topic} ${relay}` : `tasmota ${normalHost(host)} ${port} ${relay}`;
  }
  return rung.command && `command ${rung.command.off}`;
}
