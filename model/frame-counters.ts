/** Outgoing frame counters: the network's, and the highest of all link keys (trust center and APS). Each 0 to 2^32-1. */
export interface FrameCounters {
  readonly network: number;
  readonly linkKeys: number;
}

export const NO_COUNTERS: FrameCounters = { network: 0, linkKeys: 0 };

/** The higher of each. */
export function highestOf(a: FrameCounters, b: FrameCounters): FrameCounters {
  return { network: Math.max(a.network, b.network), linkKeys: Math.max(a.linkKeys, b.linkKeys) };
}
