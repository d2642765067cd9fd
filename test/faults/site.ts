import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createHome, MARK } from "../../lab/home/create-home.ts";
import { findMosquitto } from "../../lab/hosts/broker.ts";
import { processesWith, signalProcess } from "../../lab/hosts/processes.ts";
import { createNamespaceHome } from "../../lab/namespaces/create-home.ts";
import type { NamespaceHome } from "../../lab/namespaces/create-home.ts";
import type { NamespaceHost } from "../../lab/namespaces/host.ts";
import { startUnderstudy } from "../home/support/bring-up.ts";
import type { RunningHome } from "../home/support/bring-up.ts";
import type { Home } from "../../lab/home/home.ts";
import type { Watched, WatchedNode } from "./auditor/watched.ts";

export type HostKind = "local" | "namespaces";

/** A node, with what can befall it. */
export interface SiteNode extends WatchedNode {
  /** What only a host of its own can suffer. */
  readonly namespaceHost?: NamespaceHost;
  /** Ends every SSH connection to it; new ones are accepted. */
  cutConnections(): void;
  /** Nobody reaches it: by SSH, or on hosts of its own by any network. */
  isolate(): Promise<void>;
  rejoin(): Promise<void>;
}

/** A whole home with Understudy, the auditor's view of it, and handles for every fault. */
export interface Site extends Watched {
  readonly hosts: HostKind;
  readonly lab: RunningHome;
  readonly nodes: readonly SiteNode[];
  readonly broker: Breakable;
  /** Sends a signal to `understudy start`'s worker or server, group and all. */
  signal(child: "worker" | "server", signal: NodeJS.Signals): void;
  node(name: string): SiteNode;
  end(): Promise<void>;
}

interface Breakable {
  stop(): Promise<void>;
  start(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface SiteOptions {
  readonly hosts: HostKind;
  readonly devices?: number;
  /** Further environment of `understudy start`: a worker of our own, for example. */
  readonly environment?: Readonly<Record<string, string>>;
  /** May change the home's files before Understudy reads them. */
  readonly prepare?: (home: Home) => void;
}

const open = new Set<Site>();

/** Lets a signal end all that is open before it ends this process. */
export function endWithSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      const ending = [...open].map((site) => site.end());
      void Promise.allSettled(ending).then(() => process.exit(130));
    });
  }
}

/** Brings a home up whose two sticks both hold the network. Rejects with everything ended. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-faults-"));
  const site = await bringUp(directory, options).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  try {
    const { code, report } = await site.lab.switchover(
      "--enrol-blank-stick",
      "--reason",
      "both sticks hold the network now",
    );
    if (code !== 0) throw new Error(`The first switchover did not work: ${report.message}`);
    return site;
  } catch (error) {
    await site.end();
    throw error;
  }
}

async function bringUp(directory: string, options: SiteOptions): Promise<Site> {
  const home = join(directory, "home");
  const devices = options.devices ?? 4;
  if (options.hosts === "local") {
    const local = await createHome({ directory: home, devices });
    options.prepare?.(local);
    const lab = await startUnderstudy(local, directory, options.environment);
    return siteOf(lab, local.nodes.map(localNode), localBroker(local), "local");
  }
  const made = await createNamespaceHome({ directory: home, devices, init: ["busybox", "openrc"] });
  options.prepare?.(made.home);
  const lab = await startUnderstudy(made.home, directory, options.environment);
  return siteOf(lab, made.nodes.map(namespaceNode), namespaceBroker(made), "namespaces");
}

function siteOf(lab: RunningHome, nodes: readonly SiteNode[], broker: Breakable, hosts: HostKind): Site {
  const { temporal } = parse(readFileSync(lab.home.configFile, "utf8")) as { temporal: { dataDirectory: string } };
  const site: Site = {
    hosts,
    lab,
    home: lab.home,
    temporal: lab.temporal,
    service: "zigbee",
    nodes,
    broker,
    signal(child, signal) {
      const record = JSON.parse(readFileSync(join(temporal.dataDirectory, "start.json"), "utf8")) as {
        children: Record<string, { pid: number } | undefined>;
      };
      const pid = record.children[child]?.pid;
      if (pid) signalProcess(-pid, signal);
    },
    node(name) {
      const found = nodes.find((node) => node.name === name);
      if (!found) throw new Error(`There is no node ${name}.`);
      return found;
    },
    async end() {
      await lab.stop();
      open.delete(site);
    },
  };
  open.add(site);
  return site;
}

function localNode(home: Home["nodes"][number]): SiteNode {
  return {
    name: home.name,
    home,
    bootId: () => readFileSync(home.host.bootIdFile, "utf8").trim(),
    outside: (path) => path,
    cutConnections: () => home.host.sever(),
    isolate: () => {
      home.host.refuse();
      home.host.sever();
      return Promise.resolve();
    },
    rejoin: () => home.host.start(),
  };
}

function namespaceNode(node: NamespaceHome["nodes"][number]): SiteNode {
  const { namespaceHost } = node;
  return {
    name: node.name,
    home: node,
    namespaceHost,
    bootId: () => namespaceHost.bootId,
    outside: (path) => namespaceHost.outsidePath(path),
    cutConnections: () => void namespaceHost.signal("sshd: pi", "SIGKILL"),
    isolate: () => namespaceHost.cutNetwork(),
    rejoin: () => namespaceHost.healNetwork(),
  };
}

/** Mosquitto beside the local hosts: started again, it has the same port and has forgotten what was retained. */
function localBroker(home: Home): Breakable {
  const id = home.environment[MARK] ?? "";
  const send = (signal: NodeJS.Signals): void => {
    for (const { pid, commandLine } of processesWith(MARK, id))
      if (commandLine.includes("mosquitto.conf")) signalProcess(pid, signal);
  };
  return {
    stop: () => Promise.resolve(send("SIGKILL")),
    start: () => {
      const program = findMosquitto();
      if (!program) throw new Error("Mosquitto is not installed.");
      const environment = { ...process.env, ...home.environment };
      spawn(program, ["-c", join(home.directory, "mosquitto.conf")], {
        stdio: "ignore",
        detached: true,
        env: environment,
      }).unref();
      return Promise.resolve();
    },
    pause: () => Promise.resolve(send("SIGSTOP")),
    resume: () => Promise.resolve(send("SIGCONT")),
  };
}

function namespaceBroker({ broker: { host } }: NamespaceHome): Breakable {
  return {
    stop: () => host.run("rc-service mosquitto stop"),
    start: () => host.run("rc-service mosquitto start"),
    pause: () => host.freeze(),
    resume: () => host.thaw(),
  };
}
