import type { EffectiveNode, EffectiveService } from "../config/effective.ts";
import { brokerAddress, contactLine } from "./contacts.ts";
import type { Contact } from "./contacts.ts";
import type { Instance } from "./instance.ts";

/** How a node asks another one for its epoch. */
export interface PeerAddress {
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

export interface SettingsInput {
  readonly service: EffectiveService;
  readonly node: EffectiveNode;
  readonly instance: Instance;
  /** With `offlineBoot: last-holder`: whom to ask. */
  readonly peers: readonly PeerAddress[];
  /** Where the node fences itself: whom it must reach. */
  readonly selfFence?: { readonly seconds: number; readonly contacts: readonly Contact[] };
}

/** The node's settings file, `key=value` lines; no secret is in it. */
export function settingsText({ service, node, instance, peers, selfFence }: SettingsInput): string {
  const broker = brokerAddress(node);
  const lines = [
    ["service", service.name],
    ["instance", instance.name],
    ["state", node.stateDirectory],
    ...managerLines(node),
    // A coordinator that other nodes use as well is not this node's to silence.
    ["port", sharesCoordinator(service, node) ? "" : node.coordinator.port],
    ["python", node.coordinator.python],
    ["data", node.dataDirectory],
    ...(broker ? [["broker", `${broker.host} ${broker.port}`]] : []),
    ["offline_boot", service.automation.failover.offlineBoot],
    ...peers.map(({ name, user, host, port }) => ["peer", `${name} ${user}@${host} ${port}`]),
    ...(selfFence
      ? [
          ["self_fence", String(selfFence.seconds)],
          ...selfFence.contacts.map((contact) => ["contact", contactLine(contact)]),
        ]
      : []),
  ];
  return `# Written by \`understudy setup\`, removed by \`understudy teardown\`.\n${lines.map((line) => `${line.join("=")}\n`).join("")}`;
}

function managerLines({ manager }: EffectiveNode): string[][] {
  switch (manager.kind) {
    case "systemd":
      return [
        ["manager", "systemd"],
        ["unit", manager.unit],
      ];
    case "openrc":
      return [
        ["manager", "openrc"],
        ["unit", manager.name],
      ];
    case "docker":
      return [
        ["manager", "docker"],
        ["unit", manager.container],
      ];
    case "commands":
      return [
        ["manager", "commands"],
        ["start", manager.start],
        ["stop", manager.stop],
        ["status", manager.status],
      ];
  }
}

/** A coordinator on the network may be the only one of a service. */
export function sharesCoordinator(service: EffectiveService, node: EffectiveNode): boolean {
  const { port } = node.coordinator;
  return (
    !port.startsWith("/") &&
    service.nodes.some(
      (other) => other.name !== node.name && other.coordinator.port.toLowerCase() === port.toLowerCase(),
    )
  );
}
