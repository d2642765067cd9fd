import type { FenceProof } from "../model/fence.ts";
import type { SnmpSwitch } from "./snmp-presets.ts";

/**
 * A rung of a node's fencing ladder after loading: defaults filled in, secrets read. A secret is undefined where the
 * configuration was loaded without its secrets.
 */
export type RungConfig = SshRung | PowerRung | PersonRung;

/** Anything that switches a node off from outside. */
export type PowerRung = SnmpRung | TasmotaHttpRung | TasmotaMqttRung | ShellyRung | AgentRung | CommandRung;

/** Stops the service and silences its coordinator through the node itself. */
export interface SshRung {
  readonly kind: "ssh";
}

/** The end of a ladder: a person confirms that the node is off. */
export interface PersonRung {
  readonly kind: "person";
}

interface Power {
  readonly proves: FenceProof;
  /** The user's word that it switches this node, where `understudy fence test` has not proven it. */
  readonly trusted: boolean;
  /** Until it must read back off or on. */
  readonly timeoutMs: number;
}

export interface SnmpRung extends Power {
  readonly kind: "snmp";
  readonly host: string;
  readonly port: number;
  readonly login: SnmpLogin;
  readonly at: SnmpSwitch;
  /** For people: `outlet 3`, `port 1.7`, an OID. */
  readonly label: string;
}

export type SnmpLogin =
  | { readonly version: "2c"; readonly community: string | undefined }
  | {
      readonly version: "3";
      readonly user: string;
      readonly auth?: { readonly protocol: SnmpAuth; readonly password: string | undefined };
      readonly privacy?: { readonly protocol: SnmpPrivacy; readonly password: string | undefined };
    };

export const SNMP_AUTH = ["md5", "sha", "sha224", "sha256", "sha384", "sha512"] as const;
export const SNMP_PRIVACY = ["des", "aes", "aes256b", "aes256r"] as const;
export type SnmpAuth = (typeof SNMP_AUTH)[number];
export type SnmpPrivacy = (typeof SNMP_PRIVACY)[number];

interface Login {
  readonly user?: string;
  readonly password?: string;
}

export interface TasmotaHttpRung extends Power, Login {
  readonly kind: "tasmota-http";
  readonly host: string;
  readonly port: number;
  readonly relay: number;
}

export interface TasmotaMqttRung extends Power, Login {
  readonly kind: "tasmota-mqtt";
  /** The broker's address. */
  readonly server: string;
  /** The plug's own topic, as in `cmnd/TOPIC/POWER`. */
  readonly topic: string;
  readonly relay: number;
}

export interface ShellyRung extends Power, Login {
  readonly kind: "shelly";
  readonly host: string;
  readonly port: number;
  /** 1: `/relay/N`; 2 and later: `/rpc/Switch.Set`. */
  readonly generation: 1 | 2;
  readonly switch: number;
}

/** A program that speaks the protocol of ClusterLabs' fence agents. */
export interface AgentRung extends Power {
  readonly kind: "agent";
  /** Name on PATH, or absolute path. */
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string | undefined>>;
}

/** The user's own commands, on the machine that runs Understudy. */
export interface CommandRung extends Power {
  readonly kind: "command";
  readonly off: string;
  /** Exit status 0: on, 2: off, as fence agents have it. */
  readonly status: string;
  readonly on?: string;
}

/** Where a node says nothing about its fencing. */
export const DEFAULT_LADDER: readonly RungConfig[] = [{ kind: "ssh" }];

/** What a rung proves where it succeeds. A person's word stands for a host that is off. */
export function proofOf(rung: RungConfig): FenceProof {
  if (rung.kind === "ssh") return "radio off";
  return rung.kind === "person" ? "host off" : rung.proves;
}

export function isPower(rung: RungConfig): rung is PowerRung {
  return rung.kind !== "ssh" && rung.kind !== "person";
}
