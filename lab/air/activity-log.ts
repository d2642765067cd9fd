/** Who a coordinator on the air is. */
export interface NetworkIdentity {
  readonly panId: number;
  readonly channel: number;
  /** 16 hex digits. */
  readonly extendedPanId: string;
  /** Digest of the network key. */
  readonly keyId: string;
  /** Extended address that the coordinator uses, 16 hex digits. */
  readonly ieee: string;
}

/** A time during which two coordinators of one network were on the air. */
export interface DoubleActivity {
  readonly coordinators: readonly [string, string];
  readonly extendedPanId: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** undefined: they still are. */
  readonly to: number | undefined;
}

/** A time during which a coordinator ran a network that is not the home's. */
export interface OtherNetwork {
  readonly coordinator: string;
  readonly panId: number;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** undefined: it still does. */
  readonly to: number | undefined;
}

interface Presence {
  readonly name: string;
  readonly identity: NetworkIdentity;
  readonly from: number;
  to: number | undefined;
}

/** Remembers which coordinator was on the air when, and so judges I1. */
export class ActivityLog {
  readonly #presences: Presence[] = [];

  /** A coordinator goes on the air, or goes on as another network. */
  activated(name: string, identity: NetworkIdentity, at: number): void {
    this.deactivated(name, at);
    this.#presences.push({ name, identity, from: at, to: undefined });
  }

  deactivated(name: string, at: number): void {
    const presence = this.#presences.find((candidate) => candidate.name === name && candidate.to === undefined);
    if (presence) presence.to = at;
  }

  /** Every time during which two coordinators had the same extended PAN id, or the same PAN id and key; in order. */
  doubleActivities(): DoubleActivity[] {
    const found: DoubleActivity[] = [];
    this.#presences.forEach((first, index) => {
      for (const second of this.#presences.slice(index + 1)) {
        if (first.name === second.name || !sameNetwork(first.identity, second.identity)) continue;
        const from = Math.max(first.from, second.from);
        const to = Math.min(first.to ?? Infinity, second.to ?? Infinity);
        if (to <= from) continue;
        found.push({
          coordinators: [first.name, second.name],
          extendedPanId: second.identity.extendedPanId,
          from,
          to: to === Infinity ? undefined : to,
        });
      }
    });
    return found.sort((a, b) => a.from - b.from);
  }

  /** Milliseconds with two or more coordinators of one network on the air, up to `until`. */
  doubleActiveMs(until: number): number {
    let total = 0;
    let counted = -Infinity;
    for (const { from, to } of this.doubleActivities()) {
      const end = Math.min(to ?? until, until);
      const start = Math.max(from, counted);
      if (end > start) total += end - start;
      counted = Math.max(counted, end);
    }
    return total;
  }

  /**
   * Every time at which a coordinator went on the air with another network than this, in order: what restoring a network forms on the
   * way and throws away. It is not against I1, which is about one network.
   */
  otherNetworks(extendedPanId: string): OtherNetwork[] {
    return this.#presences
      .filter(({ identity }) => identity.extendedPanId !== extendedPanId)
      .map(({ name, identity, from, to }) => ({ coordinator: name, panId: identity.panId, from, to }));
  }

  /** Names of those that are on the air. */
  active(): string[] {
    return this.#presences.filter(({ to }) => to === undefined).map(({ name }) => name);
  }
}

function sameNetwork(a: NetworkIdentity, b: NetworkIdentity): boolean {
  return a.extendedPanId === b.extendedPanId || (a.panId === b.panId && a.keyId === b.keyId);
}
