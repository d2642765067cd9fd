import { listGenerations, verifyGeneration } from "../../generations/stored-generations.ts";
import type { Manifest } from "../../generations/generation.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { Copy, Finding } from "../../workflows/contract.ts";
import { passed, refused } from "../preflight/check.ts";
import type { NodeAccess } from "../support/world.ts";

export interface ChosenCopy {
  readonly manifest: Manifest;
  /** How long ago it was last known to be what the active node holds. */
  readonly ageMs: number;
}

/**
 * The generation that a standby would take over from: the one that the last sync vouches for, else the newest whose files
 * are what was captured. A damaged one is passed over, since the one before it, with raised counters, serves as well.
 */
export async function chooseCopy(
  { host, node, service }: NodeAccess,
  known: Copy | undefined,
  limits: { oldestMs: number; mayBeOlder: boolean; now: number },
  signal: AbortSignal,
): Promise<{ copy?: ChosenCopy; findings: Finding[] }> {
  const stored = (await listGenerations(host, node, signal)).toReversed();
  const vouched = known?.generation.id;
  const ids =
    vouched !== undefined && stored.includes(vouched) ? [vouched, ...stored.filter((id) => id !== vouched)] : stored;
  const damaged: string[] = [];
  for (const id of ids) {
    try {
      const manifest = await verifyGeneration(host, node, id, signal);
      if (manifest.service !== service.name) continue;
      const freshAt = Date.parse(known && id === vouched ? known.at : manifest.createdAt);
      const copy = { manifest, ageMs: Math.max(0, limits.now - freshAt) };
      return {
        copy,
        findings: [
          judgeAge(node.name, copy.ageMs, limits),
          ...(damaged.length > 0 ? [passedOver(node.name, damaged)] : []),
        ],
      };
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.id !== "GENERATION_INVALID") throw error;
      damaged.push(id);
    }
  }
  return {
    findings: [
      damaged.length > 0
        ? refused(
            "copy",
            node.name,
            `No copy there is intact: ${damaged.length} ${damaged.length === 1 ? "is" : "are"} missing files or damaged.`,
            "Make a new one while the service runs: understudy sync.",
          )
        : refused(
            "copy",
            node.name,
            "It holds no copy to take over from.",
            "Make one while the service runs: understudy sync.",
          ),
    ],
  };
}

function judgeAge(
  node: string,
  ageMs: number,
  { oldestMs, mayBeOlder }: { oldestMs: number; mayBeOlder: boolean },
): Finding {
  if (ageMs <= oldestMs) return passed("copy", node, `its copy is ${inWords(ageMs)} old and intact`);
  if (mayBeOlder) return passed("copy", node, `its copy is ${inWords(ageMs)} old, which a person accepts`);
  return refused(
    "copy",
    node,
    `Its copy is ${inWords(ageMs)} old; failover.oldestCopy allows ${inWords(oldestMs)}.`,
    "A person may order it nevertheless: understudy failover. Devices that were paired since then would have to be paired again.",
  );
}

function passedOver(node: string, damaged: readonly string[]): Finding {
  return passed("copy", node, `${damaged.join(", ")} is damaged and was passed over`);
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}
