import { isPower, proofOf } from "./fencing.ts";
import type { PowerRung } from "./fencing.ts";
import { formatDuration } from "./duration.ts";
import { hostOfUrl, isSameMachine, isThisMachine } from "./machine-address.ts";
import { mappingOf, nameRung } from "./name-rung.ts";
import { provesHere } from "./proves-here.ts";
import type { NodeConfig, ServiceConfig } from "./user-config.ts";

/** What may be lost of the active node. */
export const LOSSES = ["process", "stick", "host", "network"] as const;
export type Loss = (typeof LOSSES)[number];

/**
 * What happens then: it is taken over by `itself`; or by itself `ifSilent`, where the standby's stick has heard the active one
 * before and hears nothing now; or once a `person` has confirmed that it is off; or by `nobody`, until it is mended.
 */
export interface Cover {
  readonly by: "itself" | "ifSilent" | "person" | "nobody";
  /** One sentence. */
  readonly because: string;
}

export interface NodeProtection {
  readonly node: string;
  readonly against: Readonly<Record<Loss, Cover>>;
  /** What else dies with its host, one sentence each. */
  readonly diesWithHost: readonly string[];
}

export interface Protection {
  readonly nodes: readonly NodeProtection[];
  /** Nothing of any node is lost without being taken over by itself. */
  readonly isWhole: boolean;
  /** One sentence: what the service is protected from, or the first thing that it is not. */
  readonly summary: string;
}

/** What is known beside understudy.yaml; whatever is missing counts as not known. */
export interface ProtectionFacts {
  /** The broker's URL as found. Without it: as configured. */
  readonly broker?: string | undefined;
  /** The coordinators' ports as found, by node. */
  readonly coordinators?: Readonly<Record<string, string>>;
  /** The addresses of the machine that runs Understudy. */
  readonly controller: ReadonlySet<string>;
  /** Mappings that `understudy fence test` has proven, by node; undefined where that is not known here. */
  readonly proven?: Readonly<Record<string, readonly string[]>>;
}

/** The mappings of `ServiceState.fenceTests`, as `ProtectionFacts.proven` has them. */
export function provenByNode(
  fenceTests: Readonly<Record<string, readonly { readonly mapping: string }[]>> | undefined,
): Readonly<Record<string, readonly string[]>> {
  const tested = Object.entries(fenceTests ?? {});
  return Object.fromEntries(tested.map(([node, tests]) => [node, tests.map(({ mapping }) => mapping)]));
}

/** What each node of a service is protected from by its ladder, and what dies with each host. Pure. */
export function protectionOf(service: ServiceConfig, facts: ProtectionFacts): Protection {
  const nodes = service.nodes.map((node) => protectionOfNode(service, node, facts));
  const gap = firstGap(nodes);
  return {
    nodes,
    isWhole: gap === undefined,
    summary: gap
      ? `Not protected: ${gap}`
      : "Protected: whatever is lost of the active node, a standby takes over by itself.",
  };
}

function protectionOfNode(service: ServiceConfig, node: NodeConfig, facts: ProtectionFacts): NodeProtection {
  const diesWithHost = dependents(service, node, facts);
  const [needed] = diesWithHost;
  const power = powerOf(service, node, facts);
  const ssh = node.fencing.some((rung) => rung.kind === "ssh");
  const lost = needed
    ? { by: "nobody" as const, because: `${needed} Nothing is taken over until it is back.` }
    : undefined;
  return {
    node: node.name,
    diesWithHost,
    against: {
      process: ssh
        ? { by: "itself", because: "The service is stopped through SSH and its coordinator silenced." }
        : switchedOff(power, node),
      stick: power.usable ? switchedOff(power, node) : withoutStick(ssh, node.coordinator.reset !== undefined),
      host:
        lost ??
        (power.usable
          ? switchedOff(power, node)
          : person(node, power, "A host without power cannot be told from one that hangs")),
      network: lost ?? (power.usable ? switchedOff(power, node) : cutOff(service, node, power)),
    },
  };
}

interface Power {
  /** The first rung that switches it off and counts. */
  readonly usable?: PowerRung;
  /** One that would count, had its mapping been proven. */
  readonly untested?: PowerRung;
}

function powerOf(service: ServiceConfig, node: NodeConfig, { coordinators = {}, proven }: ProtectionFacts): Power {
  const portOf = (one: NodeConfig) => one.coordinator.port ?? coordinators[one.name];
  const peers = service.nodes.filter((other) => other !== node).map(portOf);
  const counting = node.fencing
    .filter(isPower)
    .filter((rung) => provesHere(proofOf(rung), portOf(node), peers) !== "network cut");
  const isKnown = (rung: PowerRung) =>
    rung.trusted || proven === undefined || (proven[node.name]?.includes(mappingOf(rung, node.ssh.host)) ?? false);
  const usable = counting.find(isKnown);
  const untested = counting.find((rung) => !isKnown(rung));
  return { ...(usable ? { usable } : {}), ...(untested ? { untested } : {}) };
}

function switchedOff({ usable, untested }: Power, node: NodeConfig): Cover {
  if (usable) return { by: "itself", because: `${nameRung(usable)} switches it off, which is read back.` };
  return person(node, untested ? { untested } : {}, "Nothing switches it off");
}

function withoutStick(ssh: boolean, canReset: boolean): Cover {
  if (!ssh) return { by: "person", because: "Nothing silences it: a person has to pull it and confirm that." };
  return {
    by: "ifSilent",
    because: canReset
      ? "A stick that was pulled needs a standby that hears nothing of it; one that hangs is reset where it is, and where that does not help a person has to pull it."
      : "A stick that was pulled needs a standby that hears nothing of it; one that hangs does not let itself be silenced: a person has to pull it.",
  };
}

function cutOff({ automation }: ServiceConfig, node: NodeConfig, power: Power): Cover {
  const { selfFenceMs } = automation.failover;
  if (selfFenceMs === undefined) return person(node, power, "It goes on by itself, and no rung reaches it");
  return {
    by: "ifSilent",
    because: `It stops and silences itself after ${formatDuration(selfFenceMs)}; that counts where the standby's stick hears nothing of it.`,
  };
}

function person(node: NodeConfig, { untested }: Power, because: string): Cover {
  const mend = untested
    ? `${nameRung(untested)} was never proven to switch it (understudy fence test --node ${node.name})`
    : because;
  return { by: "person", because: `${mend}: a person has to make sure that it is off, and confirm it.` };
}

/** What the home needs and the node's machine runs. */
function dependents(service: ServiceConfig, node: NodeConfig, facts: ProtectionFacts): readonly string[] {
  const broker = hostOfUrl(facts.broker ?? service.mqtt.server ?? "");
  const found: string[] = [];
  if (broker !== undefined && isSameMachine(node.ssh.host, broker, facts.controller))
    found.push(`The MQTT broker runs on ${node.name}: without it no standby can serve.`);
  if (!node.ssh.jump && isThisMachine(node.ssh.host, facts.controller))
    found.push(`Understudy runs on ${node.name}: without it nobody takes over.`);
  return found;
}

const IN_WORDS: Readonly<Record<Loss, string>> = {
  process: "Zigbee2MQTT ends and does not start again",
  stick: "its stick is lost or hangs",
  host: "its host loses power or freezes",
  network: "its host is cut off",
};
const BY: Readonly<Record<Cover["by"], string>> = {
  itself: "taken over by itself",
  ifSilent: "taken over by itself only where it is proven silent",
  person: "waits for a person",
  nobody: "not taken over",
};

/** A lost host is what people ask about first. */
const WORST_FIRST: readonly Loss[] = ["host", "network", "stick", "process"];

function firstGap(nodes: readonly NodeProtection[]): string | undefined {
  for (const by of ["nobody", "person", "ifSilent"] as const)
    for (const { node, against } of nodes)
      for (const loss of WORST_FIRST)
        if (against[loss].by === by)
          return `where ${node} serves and ${IN_WORDS[loss]}, it ${words(by)}. ${against[loss].because}`;
  return undefined;
}

function words(by: Cover["by"]): string {
  return by === "person" ? BY[by] : `is ${BY[by]}`;
}

/** A node's protection as sentences, for `config check` and `status`. */
export function protectionInWords({ against, diesWithHost }: NodeProtection): readonly string[] {
  return [
    ...LOSSES.map((loss) => `When ${IN_WORDS[loss]}: ${BY[against[loss].by]}. ${against[loss].because}`),
    ...diesWithHost,
  ];
}
