import type { EffectiveNode, EffectiveService } from "../config/effective.ts";
import type { Host } from "../hosts/host.ts";
import { isSameMachine } from "./instance.ts";
import { program } from "./programs.ts";

/** Somebody outside a node whom it reaches as long as it is not cut off. */
export interface Contact {
  readonly kind: "tcp" | "ping";
  readonly host: string;
  readonly port?: number;
  readonly who: "broker" | "peer" | "controller";
}

/** `own`: it is this very machine, which no cut can part from itself. */
export type Reached = "yes" | "no" | "own";

const BROKER_PORTS: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };

/** The broker of a node as host and port; undefined where it has none that is reached over the network. */
export function brokerAddress(node: Pick<EffectiveNode, "mqttServer">): { host: string; port: number } | undefined {
  const url = URL.parse(node.mqttServer);
  const port = Number(url?.port) || BROKER_PORTS[url?.protocol ?? ""];
  return url && port && url.hostname ? { host: url.hostname.replace(/^\[|\]$/g, ""), port } : undefined;
}

/**
 * Broker, peers, controller. Nobody else: what Understudy concludes from not reaching a node holds only for those who
 * would have reached it.
 */
export function contactsOf(
  service: EffectiveService,
  node: EffectiveNode,
  controller: string | undefined,
): readonly Contact[] {
  const broker = brokerAddress(node);
  const peers = service.nodes.filter((other) => other.name !== node.name && !isSameMachine(other, node));
  return [
    ...(broker ? [{ kind: "tcp", ...broker, who: "broker" } as const] : []),
    ...peers.map(({ ssh }) => ({ kind: "tcp", host: ssh.host, port: ssh.port, who: "peer" }) as const),
    ...(controller ? [{ kind: "ping", host: controller, who: "controller" } as const] : []),
  ];
}

/** As a line of a node's settings. */
export function contactLine({ kind, host, port }: Contact): string {
  return port === undefined ? `${kind} ${host}` : `${kind} ${host} ${port}`;
}

export interface TriedContact extends Contact {
  readonly reached: Reached;
  /** Its IP address, where it could be found. */
  readonly address: string;
}

/** Tries every contact from the node itself. */
export async function tryContacts(
  host: Host,
  node: EffectiveNode,
  contacts: readonly Contact[],
): Promise<readonly TriedContact[]> {
  const result = await host.run('exec "$@"', {
    args: [node.coordinator.python, "-c", program("reach.py"), ...contacts.map(contactLine)],
    privileged: true,
  });
  const lines = result.stdout.toString("utf8").split("\n");
  return contacts.map((contact, index) => {
    const [reached, address = contact.host] = lines[index]?.split(" ") ?? [];
    return { ...contact, reached: reached === "yes" || reached === "own" ? reached : "no", address };
  });
}

/** Why a node must not fence itself; undefined where it may. Pure. */
export function noSelfFence(node: EffectiveNode, contacts: readonly TriedContact[]): string | undefined {
  if (!node.coordinator.port.startsWith("/"))
    return "its coordinator has a network connection of its own, which a node that is cut off cannot silence";
  const own = contacts.find(({ reached }) => reached === "own");
  if (own) return `the ${own.who} is on this very node, so it can never see itself cut off`;
  const machines = new Set(contacts.filter(({ reached }) => reached === "yes").map(({ address }) => address));
  if (machines.size >= 2) return undefined;
  // With one contact only, its reboot would stop a home that works (I8).
  return `it reaches ${machines.size === 0 ? "no" : "only one"} other machine of broker, peers and controller, and needs two`;
}
