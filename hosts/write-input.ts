import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/**
 * Writes all of the input and then its end. Returns early, without the end, when the signal aborts or nobody reads any more.
 * Rejects as the input does; then no end is written either, because it would make a part look like the whole.
 */
export async function writeInput(target: Writable, input: Uint8Array | Readable, signal: AbortSignal): Promise<void> {
  if (input instanceof Uint8Array) {
    target.end(input);
    return;
  }
  const stop = (): void => void input.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of input) {
      if (signal.aborted || !target.writable) return;
      if (!target.write(chunk)) await once(target, "drain", { signal });
    }
    if (!signal.aborted) target.end();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    input.destroy();
  }
}
