import { createHash } from "node:crypto";
import type { ApsData } from "./device-contract.ts";

/**
 * A frame on the air. Nothing is encrypted: a frame names the key it would be encrypted with by that key's digest, and
 * whoever has another key cannot read it.
 */
export interface RadioFrame {
  /** Name of the stick or device that sends: for the record only, no receiver can see it. */
  readonly station: string;
  readonly channel: number;
  readonly panId: number;
  /** Short address of the sender. */
  readonly source: number;
  /** Extended address of the sender, 16 hex digits. */
  readonly sourceIeee: string;
  /** Short address of the receiver, or a broadcast address. */
  readonly destination: number;
  /** Network security; absent for a device that does not have the network key yet. */
  readonly security?: NetworkSecurity;
  readonly content: FrameContent;
}

export interface NetworkSecurity {
  readonly keyId: string;
  readonly keySequence: number;
  readonly frameCounter: number;
}

/** Security with the link key of two devices. */
export interface ApsSecurity {
  readonly keyId: string;
  readonly frameCounter: number;
}

export type FrameContent =
  | { readonly kind: "data"; readonly data: ApsData; readonly group?: number }
  | { readonly kind: "aps-command"; readonly command: ApsCommand; readonly security?: ApsSecurity }
  | { readonly kind: "network-command"; readonly command: NetworkCommand };

export type ApsCommand =
  | {
      readonly name: "transport-network-key";
      readonly key: Buffer;
      readonly keySequence: number;
      readonly trustCenter: string;
    }
  | { readonly name: "request-link-key" }
  | { readonly name: "transport-link-key"; readonly key: Buffer }
  | { readonly name: "verify-key"; readonly keyId: string }
  | { readonly name: "confirm-key" };

export type NetworkCommand = { readonly name: "leave"; readonly rejoin: boolean };

/** To all, to all that always listen, to routers and coordinator. */
export const BROADCAST = { ALL: 0xffff, LISTENING: 0xfffd, ROUTERS: 0xfffc } as const;

export function isBroadcast(address: number): boolean {
  return address >= 0xfff8;
}

/** The trust center link key that everyone knows; new devices are given the network key under it. */
export const WELL_KNOWN_LINK_KEY = Buffer.from("ZigBeeAlliance09");

/** Names a key without giving it away: the first 16 hex digits of its SHA-256. */
export function keyId(key: Buffer): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}
