import { WELL_KNOWN_LINK_KEY, keyId, type RadioFrame } from "./radio-frame.ts";

/** A frame whose counter was not above all earlier ones of the same sender and key. */
export interface CounterViolation {
  readonly layer: "network" | "link";
  /** Extended address of the sender: replay protection counts per address, whichever stick carries it. */
  readonly sourceIeee: string;
  readonly station: string;
  readonly counter: number;
  /** The highest counter before it, and who sent that. */
  readonly highest: number;
  readonly highestStation: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const WELL_KNOWN = keyId(WELL_KNOWN_LINK_KEY);

/** Sees every frame counter on the air, and so judges I3. */
export class CounterJudge {
  readonly #highest = new Map<string, { counter: number; station: string }>();
  readonly violations: CounterViolation[] = [];

  /** @param station name of the stick or device that sends */
  observe(frame: RadioFrame, station: string, at: number): void {
    const { security, content, sourceIeee } = frame;
    if (security) {
      const stream = `${sourceIeee} ${security.keyId} ${security.keySequence}`;
      this.#check(stream, { layer: "network", sourceIeee, station, counter: security.frameCounter, at });
    }
    // Counters under the key that everyone knows protect nothing and start anew in every firmware.
    if (content.kind !== "aps-command" || !content.security || content.security.keyId === WELL_KNOWN) return;
    const stream = `${sourceIeee} link ${content.security.keyId}`;
    this.#check(stream, { layer: "link", sourceIeee, station, counter: content.security.frameCounter, at });
  }

  /** The highest network counter seen from an address under a key; undefined: none was. */
  highest(sourceIeee: string, networkKeyId: string, keySequence: number): number | undefined {
    return this.#highest.get(`${sourceIeee} ${networkKeyId} ${keySequence}`)?.counter;
  }

  #check(stream: string, seen: Omit<CounterViolation, "highest" | "highestStation">): void {
    const before = this.#highest.get(stream);
    if (before && seen.counter <= before.counter) {
      this.violations.push({ ...seen, highest: before.counter, highestStation: before.station });
      return;
    }
    this.#highest.set(stream, { counter: seen.counter, station: seen.station });
  }
}
