import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHome } from "../../lab/home/create-home.ts";
import { findKeptHome } from "../../lab/home/formed-home.ts";
import type { Home } from "../../lab/home/home.ts";
import type { HomeNode } from "../../lab/home/node.ts";
import { createNamespaceHome } from "../../lab/namespaces/create-home.ts";
import type { NamespaceNode } from "../../lab/namespaces/node.ts";
import { ZIGPY_ZNP_PYTHON } from "../../lab/namespaces/services.ts";
import type { HostKind, Plan } from "./plan.ts";
import type { SshTarget } from "./ssh.ts";

/** A node, with what a person has at hand to run it. */
export interface BenchNode {
  readonly name: string;
  readonly home: HomeNode;
  readonly namespaceNode: NamespaceNode | undefined;
  readonly ssh: SshTarget;
  /** What goes before a command that needs the rights of root. */
  readonly sudo: string;
  /** Interpreter with zigpy-znp, and the stick's port, as the node sees them. */
  readonly python: string;
  readonly serialPort: string;
  /** Zigbee2MQTT's data directory, and a directory to work in, as the node sees them. */
  readonly data: string;
  readonly work: string;
  readonly frontendHost: string;
  /** The stick's terminal, as this process finds it now. */
  terminal(): string;
}

/** A home in which is measured; nobody but Zigbee2MQTT runs there yet. */
export interface Site {
  readonly home: Home;
  readonly hosts: HostKind;
  readonly directory: string;
  readonly nodes: readonly BenchNode[];
  /** The node that serves. Throws where none does, or two. */
  active(): BenchNode;
  /** The other one. */
  standby(): BenchNode;
  end(): Promise<void>;
}

/** Makes a home of so many devices. One that was formed earlier with the same lab is restored. Rejects with everything ended. */
export async function openSite(
  devices: number,
  { hosts, timing }: Pick<Plan, "hosts" | "timing">,
  say: (line: string) => void,
): Promise<Site> {
  await formHome(devices, say);
  const directory = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  try {
    const options = { directory: join(directory, "home"), devices, timing } as const;
    if (hosts === "local") {
      const home = await createHome(options);
      return siteOf(home, home.nodes.map((node) => localNode(home, node)), { hosts, directory }); // prettier-ignore
    }
    const { home, nodes } = await createNamespaceHome({ ...options, init: "busybox" });
    return siteOf(home, nodes.map((node) => namespaceNode(home, node)), { hosts, directory }); // prettier-ignore
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Lets the devices join once, with sticks that take no time, where no such home is kept yet. */
async function formHome(devices: number, say: (line: string) => void): Promise<void> {
  if (findKeptHome(devices).snapshot) return;
  say(`A home of ${devices} devices is formed first; later runs restore it.`);
  const directory = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  try {
    const home = await createHome({ directory: join(directory, "home"), devices, nodes: 1 });
    await home.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function siteOf(
  home: Home,
  nodes: readonly BenchNode[],
  { hosts, directory }: { hosts: HostKind; directory: string },
): Site {
  const found = (serves: boolean): BenchNode => {
    const serving = home.servingNode()?.name;
    const node = nodes.find(({ name }) => (name === serving) === serves);
    if (!serving || !node) throw new Error("Not exactly one coordinator is on the air.");
    return node;
  };
  return {
    home,
    hosts,
    directory,
    nodes,
    active: () => found(true),
    standby: () => found(false),
    async end() {
      await home.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function keyFiles(home: Home): Pick<SshTarget, "identityFile" | "knownHostsFile"> {
  return { identityFile: join(home.directory, "ssh-key"), knownHostsFile: join(home.directory, "known-hosts") };
}

function localNode(home: Home, node: HomeNode): BenchNode {
  const { host, name, serialPort } = node;
  const python = process.env.UNDERSTUDY_PYTHON ?? join(import.meta.dirname, "../../.cache/python/bin/python");
  return {
    name,
    home: node,
    namespaceNode: undefined,
    ssh: { user: host.user, address: "127.0.0.1", port: host.port, ...keyFiles(home) },
    sudo: "",
    python,
    serialPort,
    data: host.zigbee2mqtt.dataDirectory,
    work: join(host.directory, "prototype"),
    frontendHost: `127.0.0.1:${node.frontendPort}`,
    terminal: () => serialPort,
  };
}

function namespaceNode(home: Home, node: NamespaceNode): BenchNode {
  const { namespaceHost, name, serialPort } = node;
  return {
    name,
    home: node,
    namespaceNode: node,
    ssh: { user: namespaceHost.user, address: namespaceHost.address, port: namespaceHost.port, ...keyFiles(home) },
    sudo: "sudo ",
    python: ZIGPY_ZNP_PYTHON,
    serialPort,
    data: "/opt/zigbee2mqtt/data",
    work: "/var/tmp/prototype",
    frontendHost: namespaceHost.address,
    terminal: () => namespaceHost.outsidePath("/dev/ttyUSB0"),
  };
}
