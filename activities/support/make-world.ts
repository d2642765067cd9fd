import type { Client } from "@temporalio/client";
import { effectiveService, findService } from "../../config/discover.ts";
import type { NodeConnection } from "../../config/discover.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import type { UserConfig } from "../../config/user-config.ts";
import type { Host } from "../../hosts/host.ts";
import { HostPool } from "../../hosts/pool.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { KnownService, World } from "./world.ts";

/** How long what was found on the nodes is believed. A preflight always asks anew. */
const BELIEVED_MS = 15 * 60_000;

/** The world as understudy.yaml describes it, over SSH. Closing it ends the connections. */
export function makeWorld(settings: { config: UserConfig; client: Client; taskQueue: string }): World & { close(): Promise<void> } {
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
    host: (node: EffectiveNode) => pool.get({ name: node.name, ssh: node.ssh, privilege: node.privilege, lockFile: `${node.stateDirectory}.lock` }),
    async service(name, { fresh = false } = {}) {
      const before = known.get(name);
      if (before && !fresh && Date.now() - before.at < BELIEVED_MS) return before.service;
      const service = await discover(settings.config, name, borrowed);
      if (service.unknown.size === 0) known.set(name, { at: Date.now(), service });
      return service;
    },
    close: () => pool.closeAll(),
  };
}

/** Finds all nodes, or, where some cannot be reached or understood, the others: one lost node must not stop work on the rest. */
async function discover(config: UserConfig, name: string, hosts: (connection: NodeConnection) => Host): Promise<KnownService> {
  const whole = await attempt(() => effectiveService(config, name, hosts));
  if (whole.value) return { ...whole.value.service, unknown: new Map() };

  const service = findService(config, name);
  const only = (names: readonly string[]): UserConfig => ({
    ...config,
    services: config.services.map((s) => (s.name === name ? { ...s, nodes: s.nodes.filter((n) => names.includes(n.name)) } : s)),
  });
  const singles = await Promise.all(service.nodes.map(async (n) => ({ name: n.name, ...(await attempt(() => effectiveService(only([n.name]), name, hosts))) })));
  const found = singles.filter((single) => single.value).map((single) => single.name);
  const unknown = new Map(singles.flatMap((single) => (single.error ? [[single.name, single.error] as const] : [])));
  if (found.length === 0 || unknown.size === 0) throw whole.error ?? new Error("unreachable");
  const rest: EffectiveService = (await effectiveService(only(found), name, hosts)).service;
  return { ...rest, unknown };
}

async function attempt<T>(act: () => Promise<T>): Promise<{ value?: T; error?: UnderstudyError }> {
  try {
    return { value: await act() };
  } catch (error) {
    if (error instanceof UnderstudyError) return { error };
    throw error;
  }
}
