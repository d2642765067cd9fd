import type { Host } from "./host.ts";
import { connectHost, type SshNode } from "./ssh-host.ts";

/** The worker's connections: one host per node as configured, shared by all activities. */
export class HostPool {
  readonly #hosts = new Map<string, Host>();

  /** The host of a node. A node whose configuration has changed gets a new one. */
  get(node: SshNode): Host {
    const key = JSON.stringify([node.name, node.ssh, node.privilege, node.lockFile]);
    const known = this.#hosts.get(key);
    if (known) return known;
    const host = connectHost({ name: node.name, ssh: node.ssh, privilege: node.privilege, lockFile: node.lockFile });
    this.#hosts.set(key, host);
    return host;
  }

  /** Closes all connections. Hosts that were handed out are of no use afterwards. */
  async closeAll(): Promise<void> {
    const hosts = [...this.#hosts.values()];
    this.#hosts.clear();
    await Promise.all(hosts.map((host) => host.close()));
  }
}
