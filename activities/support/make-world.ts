import type { Client } from "@temporalio/client";
import { findService, reachableService } from "../../config/discover.ts";
import type { NodeConnection } from "../../config/discover.ts";
import type { EffectiveNode } from "../../config/effective.ts";
import type { UserConfig } from "../../config/user-config.ts";
import type { Host } from "../../hosts/host.ts";
import { HostPool } from "../../hosts/pool.ts";
import type { KnownService, World } from "./world.ts";

/** How long what was found on the nodes is believed, at most: a handover takes a minute or two. */
const BELIEVED_MS = 15 * 60_000;

/** The world as understudy.yaml describes it, over SSH. Closing it ends the connections. */
export function makeWorld(settings: {
  config: UserConfig;
  client: Client;
  taskQueue: string;
}): World & { close(): Promise<void> } {
  const pool = new HostPool();
  /** Newest first. */
  let known: { name: string; run: string; at: number; service: KnownService }[] = [];
  const latest = new Map<string, { service: KnownService; nodes: Map<string, EffectiveNode> }>();
  // Discovery closes what it opens; ours stay open for the steps that follow.
  const borrowed = (connection: NodeConnection): Host => {
    const host = pool.get(connection);
    return {
      name: host.name,
      run: (script, options) => host.run(script, options),
      forward: (target, signal) => host.forward(target, signal),
      close: () => Promise.resolve(),
    };
  };
  const namesOf = (service: string) => findService(settings.config, service).nodes.map((node) => node.name);
  return {
    client: settings.client,
    taskQueue: settings.taskQueue,
    host: (node: EffectiveNode) =>
      pool.get({ name: node.name, ssh: node.ssh, privilege: node.privilege, lockFile: `${node.stateDirectory}.lock` }),
    nodeNames: (name) => namesOf(name),
    remembered(name) {
      const { automation, nodes } = findService(settings.config, name);
      const memory = latest.get(name);
      return {
        automation,
        ...(memory ? { service: memory.service } : {}),
        nodes: nodes.map((node) => {
          const found = memory?.nodes.get(node.name);
          return { name: node.name, ssh: node.ssh, configured: node, ...(found ? { found } : {}) };
        }),
      };
    },
    async service(name, { run, fresh = false, only }) {
      known = known.filter(({ at }) => Date.now() - at <= BELIEVED_MS);
      const needed = only ?? namesOf(name);
      const enough = known.find((k) => k.name === name && k.run === run && has(k.service, needed));
      if (enough && !fresh) return enough.service;
      const [found, controller] = await Promise.all([
        reachableService(settings.config, name, borrowed, only),
        controllerName(settings.client),
      ]);
      const service: KnownService = { ...found.service, unknown: found.unknown, controller };
      const covered = service.nodes.map((node) => node.name);
      known = known.filter(
        (k) => k.name !== name || k.run !== run || k.service.nodes.some((node) => !covered.includes(node.name)),
      );
      known.unshift({ name, run, at: Date.now(), service });
      const memory = latest.get(name)?.nodes ?? new Map<string, EffectiveNode>();
      for (const node of service.nodes) memory.set(node.name, node);
      latest.set(name, { service, nodes: memory });
      return service;
    },
    close: () => pool.closeAll(),
  };
}

function has({ nodes }: KnownService, needed: readonly string[]): boolean {
  return needed.every((name) => nodes.some((node) => node.name === name));
}

/**
 * The id that Temporal's database gave to our namespace: the same for all workers of one controller, another one once the
 * database was lost.
 */
async function controllerName(client: Client): Promise<string | undefined> {
  const { namespace } = client.options;
  const described = await client.workflowService.describeNamespace({ namespace }).catch(() => undefined);
  return described?.namespaceInfo?.id ?? undefined;
}
