/** All that a device remembers of the network it is in. */
export interface Membership {
  channel: number;
  readonly panId: number;
  /** 16 hex digits. */
  readonly extendedPanId: string;
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
