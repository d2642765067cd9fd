import { claimSubnet, kernelObjects } from "./claim.ts";
import { must, runCommand } from "./command.ts";

/** One end of a cable: what a host needs to be on the network. */
export interface NetworkPort {
  readonly address: string;
  /** Name of the network namespace that is the host's own, as `ip netns` knows it. */
  readonly namespace: string;
  /** Makes the host's network namespace and plugs its cable in, unless it is cut. */
  connect(): Promise<void>;
  /** Deletes the host's network namespace, as a power cut does. */
  disconnect(): Promise<void>;
  /** Pulls the cable at the switch: the host sees its carrier go, nothing passes in either direction. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface NamespaceNetwork {
  /** For example "10.77.3", the first three bytes of every address on it. */
  readonly subnet: string;
  /** The controller's address: this process, and whatever it starts outside of the hosts, is reached there. */
  readonly controllerAddress: string;
  /** Beginning of all names of this network's namespaces, mounts and cgroups. */
  readonly prefix: string;
  /** Adds a host by name and gives it the next address. */
  attach(name: string): NetworkPort;
  /** Cuts the controller from all hosts; they still reach each other. */
  cutController(): Promise<void>;
  healController(): Promise<void>;
  /** Deletes the switch and with it every cable. Hosts have to be stopped first: throws if anything of them is left. */
  stop(): Promise<void>;
}

/**
 * A switch (a bridge in a network namespace of its own) with the controller plugged in as .1. There is no route to
 * anywhere else: hosts reach each other and the controller, nothing more. Needs root and iproute2.
 */
export async function createNamespaceNetwork(): Promise<NamespaceNetwork> {
  const claim = await claimSubnet();
  const subnet = `10.77.${claim.number}`;
  const controllerAddress = `${subnet}.1`;
  const switchNamespace = `${claim.prefix}switch`;
  const controllerLink = `us-lab${claim.number}`;
  let hosts = 0;

  const inSwitch = (...args: string[]): Promise<string> => must("ip", ["-netns", switchNamespace, ...args]);

  async function stop(): Promise<void> {
    await runCommand("ip", ["link", "del", controllerLink]);
    await runCommand("ip", ["netns", "del", switchNamespace]);
    const left = await kernelObjects(claim.prefix);
    // The next lab may take this number the moment it is released, and would find it in use.
    if (left.length > 0) throw new Error(`The lab ${claim.prefix} left behind: ${left.join(", ")}.`);
    await claim.release();
  }

  try {
    await must("ip", ["netns", "add", switchNamespace]);
    await inSwitch("link", "add", "switch", "type", "bridge", "stp_state", "0", "forward_delay", "0");
    await inSwitch("link", "set", "switch", "up");
    await must("ip", [
      "link",
      "add",
      controllerLink,
      "type",
      "veth",
      "peer",
      "name",
      "controller",
      "netns",
      switchNamespace,
    ]);
    await must("ip", ["addr", "add", `${controllerAddress}/24`, "dev", controllerLink]);
    await must("ip", ["link", "set", controllerLink, "up"]);
    await inSwitch("link", "set", "controller", "master", "switch", "up");
  } catch (error) {
    await stop();
    throw error;
  }

  function attach(name: string): NetworkPort {
    hosts += 1;
    const address = `${subnet}.${10 + hosts}`;
    const cable = `port${hosts}`;
    const namespace = `${claim.prefix}${name}`;
    // The same after a reboot, as a network card's: others remember it.
    const hardwareAddress = `02:00:10:77:${byte(claim.number)}:${byte(10 + hosts)}`;
    let isCut = false;
    let isConnected = false;

    const inHost = (...args: string[]): Promise<string> => must("ip", ["-netns", namespace, ...args]);

    async function setCable(cut: boolean): Promise<void> {
      isCut = cut;
      if (isConnected) await inSwitch("link", "set", cable, cut ? "down" : "up");
    }

    return {
      address,
      namespace,
      async connect() {
        await must("ip", ["netns", "add", namespace]);
        await must("ip", ["netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]);
        const hostEnd = ["peer", "name", "eth0", "address", hardwareAddress, "netns", namespace];
        await inSwitch("link", "add", cable, "type", "veth", ...hostEnd);
        await inSwitch("link", "set", cable, "master", "switch");
        isConnected = true;
        await setCable(isCut);
        await inHost("link", "set", "lo", "up");
        await inHost("addr", "add", `${address}/24`, "dev", "eth0");
        await inHost("link", "set", "eth0", "up");
      },
      async disconnect() {
        isConnected = false;
        // The kernel deletes the interfaces of a dead namespace some time later; the cable is to be gone now.
        await runCommand("ip", ["-netns", switchNamespace, "link", "del", cable]);
        await runCommand("ip", ["netns", "del", namespace]);
      },
      cut: () => setCable(true),
      heal: () => setCable(false),
    };
  }

  return {
    subnet,
    controllerAddress,
    prefix: claim.prefix,
    attach,
    cutController: async () => {
      await inSwitch("link", "set", "controller", "down");
    },
    healController: async () => {
      await inSwitch("link", "set", "controller", "up");
    },
    stop,
  };
}

function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
