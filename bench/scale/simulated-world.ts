import type { Client } from "@temporalio/client";
import { findService } from "../../config/discover.ts";
import type { EffectiveNode } from "../../config/effective.ts";
import type { NodeConfig, UserConfig } from "../../config/user-config.ts";
import type { KnownService, World } from "../../activities/support/world.ts";

/** What a worker and its triggers would find on the nodes, without asking any. */
export function simulatedWorld(config: UserConfig, client: Client): World {
  const known = new Map<string, KnownService>();
  const find = (name: string): KnownService => {
    const before = known.get(name);
    if (before) return before;
    const { nodes, mqtt, policy, automation } = findService(config, name);
    const service: KnownService = {
      name,
      nodes: nodes.map((node) => simulatedNode(node, mqtt.server ?? "")),
      broker: { url: mqtt.server ?? "", rejectUnauthorized: true, baseTopic: mqtt.baseTopic ?? name },
      policy,
      automation,
      unknown: new Map(),
      controller: undefined,
    };
    known.set(name, service);
    return service;
  };
  return {
    client,
    taskQueue: config.temporal.taskQueue,
    service: (name) => Promise.resolve(find(name)),
    nodeNames: (name) => findService(config, name).nodes.map((node) => node.name),
    remembered(name) {
      const service = find(name);
      return {
        automation: service.automation,
        service,
        nodes: findService(config, name).nodes.map((configured, index) => ({
          name: configured.name,
          ssh: configured.ssh,
          configured,
          found: service.nodes[index],
        })),
      };
    },
    host() {
      throw new Error("A simulated node has no host.");
    },
  };
}

function simulatedNode(node: NodeConfig, mqttServer: string): EffectiveNode {
  return {
    name: node.name,
    ssh: node.ssh,
    privilege: { kind: "none" },
    manager: { kind: "systemd", unit: "zigbee2mqtt" },
    dataDirectory: "/opt/zigbee2mqtt/data",
    version: "2.14.1",
    coordinator: { driver: "zigpy-znp", port: "/dev/ttyUSB0", python: "python3" },
    stateDirectory: "/var/lib/understudy",
    ownValues: {},
    mqttServer,
  };
}
