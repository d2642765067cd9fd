import type { Automation } from "./automation.ts";
import type { CoordinatorReset } from "./coordinator-reset.ts";

/** What Understudy works with after the user's file and what was found on the nodes have been joined. */

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private key file; without one the agent at SSH_AUTH_SOCK and then the default keys of ~/.ssh are tried. */
  readonly identityFile?: string;
  readonly passphrase?: string;
  readonly agent?: string;
  readonly password?: string;
  readonly knownHostsFiles: readonly string[];
  readonly jump?: SshTarget;
  readonly keepaliveMs: number;
  readonly connectTimeoutMs: number;
}

export type Privilege =
  | { readonly kind: "none" }
  | { readonly kind: "sudo"; readonly password?: string }
  | { readonly kind: "doas" };

export type ServiceManagerConfig =
  | { readonly kind: "openrc"; readonly name: string }
  | { readonly kind: "systemd"; readonly unit: string }
  | { readonly kind: "docker"; readonly container: string }
  | {
      readonly kind: "commands";
      readonly start: string;
      readonly stop: string;
      /** Exit 0: running, 3 or 1: stopped, anything else: unknown. May print the process id. */
      readonly status: string;
    };

/** `zstack`: spoken with from the controller, over the node's connection; `zigpy-znp`: that program, installed on the node. */
export type CoordinatorDriver = "zstack" | "zigpy-znp";

export interface CoordinatorConfig {
  readonly driver: CoordinatorDriver;
  /**
   * Serial port by its by-id path, `/dev/tty…`, or `tcp://host:port`, as programs on the node itself open it. What
   * Zigbee2MQTT opens is the own value `serial.port`: a container may know the port by another name.
   */
  readonly port: string;
  /** USB serial number, where it can be read: tells sticks apart (I11). */
  readonly serialNumber?: string;
  /** understudy.yaml names a serial number, and the stick at the port reports none: it may be another one, and is never written (I11). */
  readonly unproven?: true;
  /** Python interpreter on the node; with the driver `zigpy-znp` one that has it. */
  readonly python: string;
  /** How it is reset when its firmware hangs. */
  readonly reset?: CoordinatorReset;
}

export interface BrokerConfig {
  /** mqtt:// or mqtts:// with a host that the controller can reach. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly caFile?: string;
  readonly rejectUnauthorized: boolean;
  readonly baseTopic: string;
}

export interface EffectiveNode {
  readonly name: string;
  readonly ssh: SshTarget;
  readonly privilege: Privilege;
  readonly manager: ServiceManagerConfig;
  /** Zigbee2MQTT's data directory on the node. */
  readonly dataDirectory: string;
  /** Zigbee2MQTT's version on the node, "unknown" where it cannot be found. */
  readonly version: string;
  readonly coordinator: CoordinatorConfig;
  /** Understudy's own directory on the node (generations, epoch, dirty marks): never inside the data directory. */
  readonly stateDirectory: string;
  /** This node's own values, by dotted path in configuration.yaml, put in whenever a generation is applied. */
  readonly ownValues: Readonly<Record<string, string | number | boolean>>;
  /** The broker as Zigbee2MQTT on this node addresses it. */
  readonly mqttServer: string;
}

export interface EffectiveService {
  readonly name: string;
  readonly nodes: readonly EffectiveNode[];
  readonly broker: BrokerConfig;
  readonly policy: Policy;
  readonly automation: Automation;
}

export interface Policy {
  /** Generations kept on each node. */
  readonly keepGenerations: number;
  /** Whether a standby with a newer Zigbee2MQTT than the active may take over. */
  readonly allowNewerStandby: boolean;
  /** How long the first device may take to answer after the start, in ms. */
  readonly proofTimeoutMs: number;
  /** Frames added to every outgoing counter beyond I3's 1000 and the measured rate. */
  readonly counterMargin: number;
  /** Reboot the old node after a switchover, as the prototype did. */
  readonly rebootOldNode: boolean;
}
