import type { Client } from "@temporalio/client";
import { reachableService } from "../../config/discover.ts";
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
  const known = new Map<string, { at: number; service: KnownService }>();
  // Discovery closes what it opens; ours stay open for the steps that follow.
  const borrowed = (connection: NodeConnection): Host => {
    const host = pool.get(connection);
    return { name: host.name, run: (script, options) => host.run(script, options), close: () => Promise.resolve() };
  };
  return {
    client: settings.client,
    taskQueue: settings.taskQueue,
    host: (node: EffectiveNode) =>
      pool.get({ name: node.name, ssh: node.ssh, privilege: node.privilege, lockFile: `${node.stateDirectory}.lock` }),
    async service(name, { run, fresh = false }) {
      for (const [key, { at }] of known) if (Date.now() - at > BELIEVED_MS) known.delete(key);
      const key = `${name} ${run}`;
      const before = known.get(key);
      if (before && !fresh) return before.service;
      const found = await reachableService(settings.config, name, borrowed);
      const service: KnownService = { ...found.service, unknown: found.unknown };
      if (service.unknown.size === 0) known.set(key, { at: Date.now(), service });
      return service;
    },
    close: () => pool.closeAll(),
  };
}
