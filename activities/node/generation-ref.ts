import { createHash } from "node:crypto";
import type { Manifest } from "../../generations/generation.ts";
import type { GenerationRef, NodeStep } from "../../workflows/activity-types.ts";

/** As newGenerationId, but the same for every attempt of one step. */
export function generationId({ epoch, handover, node }: NodeStep, createdAt: Date): string {
  const time = createdAt.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-e${epoch}-${createHash("sha256").update(`${handover}/${node}`).digest("hex").slice(0, 6)}`;
}

/** What goes through history in place of a generation: nothing secret. */
export function referenceTo(manifest: Manifest): GenerationRef {
  return {
    id: manifest.id,
    sha256: manifest.archive.sha256,
    bytes: manifest.archive.bytes + (manifest.nvram?.bytes ?? 0),
    coordinatorIeee: manifest.summary.coordinatorIeee,
    counters: manifest.summary.frameCounters,
  };
}
