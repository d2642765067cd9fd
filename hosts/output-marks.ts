export type OutputEvent =
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "mark"; readonly text: string };

/**
 * Finds our own marks in the output of a remote command: a prefix that is used once, some text and a newline. They say where the script's output begins and
 * ends, which the channel's closing cannot: a daemon that the script started may hold the stream open for ever.
 */
export class OutputMarks {
  readonly #prefix: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  /** Splits what came into the script's bytes and our marks, in order. Keeps back the beginning of what may become a mark. */
  push(chunk: Buffer): OutputEvent[] {
    const events: OutputEvent[] = [];
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    for (;;) {
      const start = rest.indexOf(this.#prefix);
      const end = start === -1 ? -1 : rest.indexOf("\n", start);
      const keepFrom = start === -1 ? rest.length - this.#unfinishedPrefix(rest) : start;
      if (keepFrom > 0) events.push({ kind: "data", data: rest.subarray(0, keepFrom) });
      if (end === -1) {
        this.#held = Buffer.from(rest.subarray(keepFrom));
        return events;
      }
      events.push({ kind: "mark", text: rest.toString("latin1", start + this.#prefix.length, end) });
      rest = rest.subarray(end + 1);
    }
  }

  /** What is kept back, for a stream in which no more marks come. */
  release(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** How many of the last bytes could be the prefix's first ones. */
  #unfinishedPrefix(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#prefix.length - 1); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#prefix.subarray(0, length))) return length;
    }
    return 0;
  }
}
