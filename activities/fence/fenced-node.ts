import { Connection } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import type { PowerRung } from "../../config/fencing.ts";
import { isThisMachine, ownAddresses } from "../../config/machine-address.ts";
import type { NodeConfig } from "../../config/user-config.ts";
import { mappingOf } from "../../config/name-rung.ts";
import { onNetwork, provesHere } from "../../config/proves-here.ts";
import { addressOf, machineAnswers } from "../../hosts/reach.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { FenceProof } from "../../model/fence.ts";
import { STATE_QUERY, serviceId } from "../../workflows/contract.ts";
import type { ServiceState } from "../../workflows/contract.ts";
import type { World } from "../support/world.ts";

const ANSWER_MS = 1_500;

/** A node that is to be fenced, from what is known without asking it. */
export interface FencedNode {
  readonly config: NodeConfig;
  /** Its coordinator's port, as configured or as it was last found. */
  readonly port: string | undefined;
  /** What a rung proves of this node: a coordinator with power of its own outlives its host. */
  readonly proves: (rung: PowerRung) => FenceProof;
  /** Whether what the rung powers still answers over the network: the host, or a coordinator of its own. */
  readonly answers: (rung: PowerRung) => Promise<"yes" | "no" | "unknown">;
}

/** The node by that name. Throws CONFIG_INVALID. */
export function fencedNode(world: World, service: string, name: string): FencedNode {
  const nodes = world.remembered(service).nodes.map((node) => ({
    config: node.configured,
    port: node.configured.coordinator.port ?? node.found?.coordinator.port,
  }));
  const node = nodes.find(({ config }) => config.name === name);
  if (!node) {
    throw new UnderstudyError("CONFIG_INVALID", {
      node: name,
      what: `The service ${service} has no node of that name.`,
      next: `name one of ${nodes.map(({ config }) => config.name).join(", ")}, or put it back into understudy.yaml.`,
    });
  }
  const peers = nodes.filter((other) => other !== node).map(({ port }) => port);
  return {
    config: node.config,
    port: node.port,
    proves: (rung) => provesHere(rung.proves, node.port, peers),
    answers: (rung) => powered(rung, node.config, node.port),
  };
}

/** Behind a jump host nothing can be asked directly. */
function powered(rung: PowerRung, { ssh }: NodeConfig, port: string | undefined): Promise<"yes" | "no" | "unknown"> {
  const coordinator = rung.proves === "radio off" && onNetwork(port) ? tcpAddress(port ?? "") : undefined;
  if (coordinator) return machineAnswers(coordinator, ANSWER_MS);
  return ssh.jump ? Promise.resolve("unknown") : machineAnswers(ssh, ANSWER_MS);
}

function tcpAddress(port: string): { host: string; port: number } | undefined {
  return addressOf(port.replace(/^tcp:/, "mqtt:"));
}

/** The mappings that `understudy fence test` has proven for the node. Rejects what Temporal's client does. */
export async function provenMappings(client: Client, service: string, node: string): Promise<ReadonlySet<string>> {
  const { fenceTests } = await client.workflow.getHandle(serviceId(service)).query<ServiceState>(STATE_QUERY);
  return new Set(fenceTests?.[node]?.map(({ mapping }) => mapping));
}

/** Why a rung's mapping is not believed but by the user's word: fault 24, another host would go off and ours stay on the air. */
export function unprovenMapping(
  rung: PowerRung,
  { ssh, name }: NodeConfig,
  proven: ReadonlySet<string>,
): UnderstudyError | undefined {
  if (proven.has(mappingOf(rung, ssh.host))) return undefined;
  return new UnderstudyError("FENCING_FAILED", {
    what: `That it switches ${name} and nothing else was never proven, so it was not used.`,
    next: `run \`understudy fence test --node ${name}\` while it stands by, or set \`trusted: true\` for this rung.`,
  });
}

/**
 * Why this machine must not be switched off by this rung: with it, the server that remembers the handover would be gone in the
 * middle of it, and nobody would take over.
 */
export function ownPower(client: Client, { ssh }: NodeConfig): UnderstudyError | undefined {
  const own = ownAddresses();
  const server = client.connection instanceof Connection ? client.connection.options.address : "";
  const serverHost = server.replace(/:\d+$/, "");
  if (ssh.jump || !isThisMachine(ssh.host, own) || !isThisMachine(serverHost, own)) return undefined;
  return new UnderstudyError("FENCING_FAILED", {
    what: "It would switch off the machine on which Understudy and Temporal's server run, and with them the handover itself.",
    next: "run Understudy on a machine that is no node, or another worker with a Temporal server elsewhere.",
  });
}
