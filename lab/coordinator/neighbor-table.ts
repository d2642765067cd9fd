import type { Neighbor } from "../air/zdo.ts";

interface Heard {
  readonly address: number;
  readonly type: "router" | "end-device";
}

/** Who the coordinator has heard since it booted, and the frame counters they used. All of it is in RAM. */
export class NeighborTable {
  readonly #heard = new Map<string, Heard>();
  readonly #counters = new Map<string, number>();

  heard(ieee: string, address: number, type?: Heard["type"]): void {
    this.#heard.set(ieee, { address, type: type ?? this.#heard.get(ieee)?.type ?? "router" });
  }

  /** @returns false when the counter is not above the last one from this address */
  acceptCounter(ieee: string, counter: number): boolean {
    if (counter <= (this.#counters.get(ieee) ?? -1)) return false;
    this.#counters.set(ieee, counter);
    return true;
  }

  hasAddress(address: number): boolean {
    return [...this.#heard.values()].some((heard) => heard.address === address);
  }

  /** A device that left starts anew when it comes back. */
  forget(ieee: string): void {
    this.#heard.delete(ieee);
    this.#counters.delete(ieee);
  }

  clear(): void {
    this.#heard.clear();
    this.#counters.clear();
  }

  list(extendedPanId: string): Neighbor[] {
    return [...this.#heard].map(([ieee, { address, type }]) => ({
      extendedPanId,
      ieee,
      address,
      type,
      relationship: type === "router" ? "sibling" : "child",
      depth: 1,
    }));
  }
}
