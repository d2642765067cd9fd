import { ieeeFromBytes, ieeeToBytes, u32 } from "./bytes.ts";
import type { Nvram } from "./nvram.ts";

/** Frames that are sent before the counter is written to NVRAM. */
const FRAMES_BETWEEN_SAVES = 1000;
/** Added on top of those at every start, because it is not known how many were sent since the last save. */
const RESTORE_MARGIN = 250;
const GENERIC = "ffffffffffffffff";
const NONE = "0000000000000000";

/**
 * The outgoing frame counter of the network key. It counts in RAM; NVRAM has it in NWK_SEC_MATERIAL_TABLE, one entry for
 * each extended PAN id, as of the last save. Where a network has no entry, the last one of the table serves for it.
 */
export class NetworkCounter {
  readonly #nvram: Nvram;
  #next = 0;
  #sinceSave = 0;
  #restored = false;

  constructor(nvram: Nvram) {
    this.#nvram = nvram;
  }

  /** The counter of the next frame; undefined before the first start after a reset. */
  get inRam(): number | undefined {
    return this.#restored ? this.#next : undefined;
  }

  /** Makes an entry for a network that was just formed, if there is room for one. */
  addNetwork(extendedPanId: string): void {
    const entries = this.#entries();
    if (entries.some((entry) => entry.extendedPanId === extendedPanId)) return;
    const free = entries.findIndex((entry) => entry.extendedPanId === NONE);
    if (free >= 0) this.#write(free, 0, extendedPanId);
  }

  /** Takes the counter from NVRAM, 1250 higher, and stores that. Only the first start after a reset does so. */
  restore(extendedPanId: string): void {
    if (this.#restored) return;
    this.#restored = true;
    const entries = this.#entries();
    const index = entries.findIndex((entry) => entry.extendedPanId === extendedPanId);
    const stored = entries[index] ?? entries.at(-1);
    if (!stored || (index < 0 && stored.counter === 0)) return;
    this.#next = stored.counter + FRAMES_BETWEEN_SAVES + RESTORE_MARGIN;
    // For a network without an entry the real stack writes behind the end of the table, and so nothing.
    if (index >= 0) this.#write(index, this.#next, extendedPanId);
  }

  /** The counter for one more frame. */
  take(extendedPanId: string): number {
    const counter = this.#next;
    this.#next += 1;
    this.#sinceSave += 1;
    if (this.#sinceSave > FRAMES_BETWEEN_SAVES) this.save(extendedPanId);
    return counter;
  }

  /** Writes the counter in RAM to NVRAM, also to NWKKEY, which repeats it next to the key. */
  save(extendedPanId: string): void {
    this.#sinceSave = 0;
    const entries = this.#entries();
    const index = entries.findIndex((entry) => entry.extendedPanId === extendedPanId);
    if (index >= 0) this.#write(index, this.#next, extendedPanId);
    else if (entries.length > 0) this.#write(entries.length - 1, this.#next, GENERIC);
    this.copyToNetworkKey();
  }

  /** Brings NWKKEY up to date: active key, and the counter as it is in RAM. */
  copyToNetworkKey(): void {
    const active = this.#nvram.get("NWK_ACTIVE_KEY_INFO");
    if (active) this.#nvram.set("NWKKEY", Buffer.concat([active, Buffer.alloc(3, 0xff), u32(this.#next)]));
  }

  /** The counter of a network in NVRAM; undefined: it has no entry. */
  inNvram(extendedPanId: string): number | undefined {
    return this.#entries().find((entry) => entry.extendedPanId === extendedPanId)?.counter;
  }

  #entries(): { counter: number; extendedPanId: string }[] {
    return this.#nvram.entries("NWK_SEC_MATERIAL_TABLE").map((entry) => ({
      counter: entry.readUInt32LE(0),
      extendedPanId: ieeeFromBytes(entry.subarray(4, 12)),
    }));
  }

  #write(index: number, counter: number, extendedPanId: string): void {
    this.#nvram.setEntry("NWK_SEC_MATERIAL_TABLE", index, Buffer.concat([u32(counter), ieeeToBytes(extendedPanId)]));
  }
}
