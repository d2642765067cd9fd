import { WELL_KNOWN_LINK_KEY, keyId } from "./radio-frame.ts";
import type { ApsCommand, ApsSecurity, NetworkSecurity } from "./radio-frame.ts";

/** All that a device remembers of the network it is in. */
export interface Membership {
  channel: number;
  readonly panId: number;
  /** 16 hex digits. */
  readonly extendedPanId: string;
  /** Of the network's parameters, which grows when they change. */
  updateId?: number;
  networkKey: Buffer;
  keySequence: number;
  /** Its own short address. */
  address: number;
  /** Extended address of the trust center, 16 hex digits. */
  readonly trustCenter: string;
  /** Key of its own with the trust center, once it was given one. */
  linkKey: Buffer | undefined;
  /** Next counters it sends with. */
  networkCounter: number;
  linkCounter: number;
  /** Highest network counter received from each extended address. */
  readonly receivedCounters: Map<string, number>;
  /** Highest counter received under the link key. */
  receivedLinkCounter: number;
}

/** A membership as it is written to a file; it holds keys. */
export interface StoredMembership {
  readonly channel: number;
  readonly panId: number;
  readonly extendedPanId: string;
  readonly updateId?: number;
  readonly networkKey: string;
  readonly keySequence: number;
  readonly address: number;
  readonly trustCenter: string;
  readonly linkKey: string | null;
  readonly networkCounter: number;
  readonly linkCounter: number;
  readonly receivedCounters: Readonly<Record<string, number>>;
  readonly receivedLinkCounter: number;
}

export function storeMembership(membership: Membership): StoredMembership {
  return {
    ...membership,
    networkKey: membership.networkKey.toString("hex"),
    linkKey: membership.linkKey?.toString("hex") ?? null,
    receivedCounters: Object.fromEntries(membership.receivedCounters),
  };
}

export function restoreMembership(stored: StoredMembership): Membership {
  return {
    ...stored,
    networkKey: Buffer.from(stored.networkKey, "hex"),
    linkKey: stored.linkKey === null ? undefined : Buffer.from(stored.linkKey, "hex"),
    receivedCounters: new Map(Object.entries(stored.receivedCounters)),
  };
}

/** Whether a frame's security is accepted: another key is foreign, a counter that is not above the last a replay. */
export type Verdict = "accepted" | "replay" | "foreign";

/** Judges a frame from a sender by its network security, and remembers the counter of one that is accepted. */
export function judgeNetworkSecurity(membership: Membership, sourceIeee: string, security: NetworkSecurity): Verdict {
  const { receivedCounters } = membership;
  if (security.keyId !== keyId(membership.networkKey) || security.keySequence !== membership.keySequence)
    return "foreign";
  if (security.frameCounter <= (receivedCounters.get(sourceIeee) ?? -1)) return "replay";
  receivedCounters.set(sourceIeee, security.frameCounter);
  return "accepted";
}

/**
 * Judges a command of the trust center. Keys come under the device's own link key once it has one, before that under
 * the well-known one; a new link key always under the well-known one, because it replaces one that nobody confirmed.
 */
export function judgeLinkSecurity(
  membership: Membership | undefined,
  command: ApsCommand["name"],
  security: ApsSecurity | undefined,
): Verdict {
  const own = command === "transport-link-key" ? undefined : membership?.linkKey;
  if (security?.keyId !== keyId(own ?? WELL_KNOWN_LINK_KEY)) return "foreign";
  if (!own || !membership) return "accepted";
  if (security.frameCounter <= membership.receivedLinkCounter) return "replay";
  membership.receivedLinkCounter = security.frameCounter;
  return "accepted";
}

/** Network security for one more frame. */
export function nextNetworkSecurity(membership: Membership): NetworkSecurity {
  const { networkKey, keySequence, networkCounter: frameCounter } = membership;
  membership.networkCounter += 1;
  return { keyId: keyId(networkKey), keySequence, frameCounter };
}
