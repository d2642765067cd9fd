import type { Automation } from "./automation.ts";
import type { CoordinatorReset } from "./coordinator-reset.ts";
import type { CoordinatorDriver, Policy, ServiceManagerConfig, SshTarget } from "./effective.ts";
import type { RungConfig } from "./fencing.ts";

/**
 * understudy.yaml after loading: defaults filled in, paths absolute, durations in ms, secrets read. What the user left
 * to be found on the nodes is undefined.
 */
export interface UserConfig {
  /** Absolute path of the file. */
  readonly file: string;
  readonly temporal: TemporalConfig;
  readonly services: readonly ServiceConfig[];
  /** What is allowed but should be known, one sentence each. */
  readonly warnings: readonly string[];
}

export interface TemporalConfig {
  /** host:port of the user's server; without one the environment and profiles decide, else the own server is run. */
  readonly address?: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly profile?: string;
  readonly apiKey?: string;
  readonly tls?: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly serverName?: string;
  };
  /** For the own server only. */
  readonly ownServer: {
    readonly port: number;
    readonly uiPort: number;
    /** Temporal's command line; without it `temporal` on PATH. */
    readonly executable?: string;
    readonly dataDirectory: string;
  };
}

/** Line of understudy.yaml on which a value stands, by the dotted path of the setting (`ssh.port`). */
export type SetAt = Readonly<Record<string, number>>;

export interface ServiceConfig {
  readonly name: string;
  readonly type: "zigbee2mqtt";
  readonly nodes: readonly NodeConfig[];
  readonly mqtt: {
    readonly server?: string;
    readonly user?: string;
    readonly password?: string;
    readonly caFile?: string;
    readonly rejectUnauthorized?: boolean;
    readonly baseTopic?: string;
  };
  readonly policy: Policy;
  readonly automation: Automation;
  /** Paths such as `mqtt.server`, `policy.keepGenerations`. */
  readonly setAt: SetAt;
}

export interface NodeConfig {
  readonly name: string;
  readonly ssh: SshTarget;
  readonly privilege: "auto" | "none" | "sudo" | "doas";
  readonly sudoPassword?: string;
  readonly manager?: ServiceManagerConfig;
  readonly dataDirectory?: string;
  readonly installDirectory?: string;
  readonly coordinator: {
    readonly driver: CoordinatorDriver;
    readonly port?: string;
    readonly serialNumber?: string;
    readonly python?: string;
    /** Undefined: it cannot be reset when it hangs. */
    readonly reset?: CoordinatorReset;
  };
  readonly stateDirectory?: string;
  /** How it is proven that the node no longer serves, one rung after the other. */
  readonly fencing: readonly RungConfig[];
  /** The node's own values in configuration.yaml, by dotted path. */
  readonly set: Readonly<Record<string, string | number | boolean>>;
  /** Paths such as `host`, `ssh.keepalive`, `coordinator.port`, `set.frontend.host`. */
  readonly setAt: SetAt;
}
