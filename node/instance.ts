import type { EffectiveNode, EffectiveService } from "../config/effective.ts";

/** Where on a node the gate and its companions are. The programs are shared by all services that are set up on it. */
export const LIBRARY = "/usr/local/lib/understudy";
export const COMMAND = "/usr/local/sbin/understudy-node";
export const CONFIG = "/etc/understudy";
/** Emptied at each boot. */
export const RUN = "/run/understudy";

/** What one service is called on one node, and the files that are its own there. */
export interface Instance {
  readonly name: string;
  readonly settings: string;
  /** What `setup` did, for `teardown`. */
  readonly manifest: string;
  /** Directory of the key that asks the peers. */
  readonly peers: string;
  readonly bootJob: string;
  readonly selfFenceJob: string;
}

/** Two nodes of a service in one machine are told apart by their names. */
export function instanceOf(service: Pick<EffectiveService, "name" | "nodes">, node: EffectiveNode): Instance {
  const shared = service.nodes.some((other) => other.name !== node.name && isSameMachine(other, node));
  const name = shared ? `${service.name}.${node.name}` : service.name;
  return {
    name,
    settings: `${CONFIG}/${name}.conf`,
    manifest: `${CONFIG}/${name}.installed`,
    peers: `${CONFIG}/${name}.peers`,
    bootJob: `understudy-boot-${name}`,
    selfFenceJob: `understudy-self-fence-${name}`,
  };
}

export function isSameMachine(a: Pick<EffectiveNode, "ssh">, b: Pick<EffectiveNode, "ssh">): boolean {
  return a.ssh.host === b.ssh.host && a.ssh.port === b.ssh.port;
}
