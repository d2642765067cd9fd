import { setTimeout as pause } from "node:timers/promises";
import type { SiteNode } from "../site.ts";
import type { NamespaceNode } from "../../../lab/namespaces/node.ts";
import type { FaultClass } from "./fault.ts";

/** What only a host of its own can suffer. */
export const HOST_FAULTS: readonly FaultClass[] = [
  {
    name: "power-lost",
    hosts: ["namespaces"],
    victims: ["from", "to"],
    mayEndDark: true,
    plan: (random) => {
      const ms = random.between(500, 12_000);
      return {
        words: `it loses its power for ${ms} ms`,
        strike: async ({ node }) => {
          await asNamespaceNode(node).powerOff();
          const healed = pause(ms).then(() => asNamespaceNode(node).powerOn());
          return () => healed;
        },
      };
    },
  },
  {
    name: "host-frozen",
    hosts: ["namespaces"],
    victims: ["from", "to"],
    plan: (random) => {
      const ms = random.between(1_000, 12_000);
      return {
        words: `it is frozen for ${ms} ms`,
        strike: async ({ node }) => {
          await node.namespaceHost?.freeze();
          const healed = pause(ms).then(() => node.namespaceHost?.thaw());
          return () => healed.then(() => undefined);
        },
      };
    },
  },
  {
    name: "disk-full",
    hosts: ["namespaces"],
    victims: ["from", "to"],
    plan: (random) => {
      const left = random.pick([0, 4_096, 65_536, 400_000]);
      return {
        words: `its disk is full but for ${left} bytes`,
        strike: async ({ node }) => {
          await node.namespaceHost?.fillDisk("/", left);
          return async () => await node.namespaceHost?.freeDisk("/");
        },
      };
    },
  },
];

/** The node with its power switch. Only for hosts of their own. */
export function asNamespaceNode({ home }: SiteNode): NamespaceNode {
  return home as unknown as NamespaceNode;
}
