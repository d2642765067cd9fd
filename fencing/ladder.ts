import { UnderstudyError } from "../model/errors.ts";
import { strongestOf, suffices } from "../model/fence.ts";
import type { FenceProof } from "../model/fence.ts";

/** One way to prove that a node no longer serves. */
export interface LadderRung {
  /** For people, without secrets. */
  readonly name: string;
  readonly proves: FenceProof;
  /** Resolves with what was seen, once it is proven by reading back; rejects UnderstudyError where it is not. */
  readonly prove: (signal: AbortSignal) => Promise<string>;
}

/** How a rung went. */
export interface RungResult {
  readonly rung: string;
  readonly proves: FenceProof;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Climb {
  /** The strongest proof; undefined where no rung held. */
  readonly proven?: FenceProof;
  readonly rungs: readonly RungResult[];
}

/**
 * Climbs a ladder until a rung has proven enough to take the node over. A rung that fails is no error: the next one is tried,
 * and so it is after one that only cut the network.
 * @throws UnderstudyError EPOCH_SUPERSEDED where a later step has the node: then nobody wants it fenced by us any more. The
 *   signal's reason after an abort.
 */
export async function climbLadder(ladder: readonly LadderRung[], signal: AbortSignal): Promise<Climb> {
  const rungs: RungResult[] = [];
  let proven: FenceProof | undefined;
  for (const { name, proves, prove } of ladder) {
    const result = await climb(prove, signal);
    rungs.push({ rung: name, proves, ...result });
    if (result.ok) proven = strongestOf(proven, proves);
    if (suffices(proven)) break;
  }
  return { rungs, ...(proven ? { proven } : {}) };
}

async function climb(prove: LadderRung["prove"], signal: AbortSignal): Promise<{ ok: boolean; detail: string }> {
  try {
    return { ok: true, detail: await prove(signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof UnderstudyError) || error.id === "EPOCH_SUPERSEDED") throw error;
    return { ok: false, detail: `${error.what} Next: ${error.next}` };
  }
}
