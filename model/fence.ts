/**
 * What switching something off proves of a node's radio, the strongest first. `host off` is enough for a stick that lives on
 * the host's power; `network cut` leaves the radio on the air and never suffices.
 */
export const FENCE_PROOFS = ["radio off", "host off", "network cut"] as const;

export type FenceProof = (typeof FENCE_PROOFS)[number];

/** Whether a node of which this is proven may be taken over. */
export function suffices(proof: FenceProof | undefined): boolean {
  return proof === "radio off" || proof === "host off";
}

/** The stronger of two. */
export function strongestOf(a: FenceProof | undefined, b: FenceProof | undefined): FenceProof | undefined {
  return FENCE_PROOFS.find((proof) => proof === a || proof === b);
}
