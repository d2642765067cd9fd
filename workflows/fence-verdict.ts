import { suffices } from "../model/fence.ts";
import type { FenceReport, Listening } from "./activity-types.ts";

/** Whether the standby may start its radio. `vetoed`: not even a person's word changes that. */
export type FenceVerdict =
  | { readonly allowed: true; readonly because: string }
  | { readonly allowed: false; readonly vetoed: boolean; readonly because: string };

/**
 * Whether the old node is proven to be off the air (I1). Pure. A host or a radio that was switched off and read back is
 * enough; a cut network never is, since the radio goes on without one. A beacon of the old coordinator is a veto, always.
 * Silence counts only from a standby that has heard it before, and of a node that fences itself or whose stick is unplugged.
 * Else a person's word does.
 */
export function mayTakeOver(
  fence: FenceReport,
  listening: Listening | undefined,
  options: { confirmedBy?: string | undefined } = {},
): FenceVerdict {
  if (listening?.heard) {
    const although = isOnTrust(fence) ? `, although ${provenBy(fence)}: that may switch another machine` : "";
    const because = `its coordinator was heard on the air (${listening.detail.replace(/\.$/, "")})${although}`;
    return { allowed: false, vetoed: true, because };
  }
  if (suffices(fence.proven)) return { allowed: true, because: `${fence.proven}: ${provenBy(fence)}` };
  const silent = listening?.scanned === true && listening.heardBefore;
  if (silent && fence.selfFenced) {
    return { allowed: true, because: "it has fenced itself, and nothing of it is heard where it was heard before" };
  }
  if (silent && fence.unplugged) {
    return { allowed: true, because: "its stick is unplugged, and nothing of it is heard where it was heard before" };
  }
  if (options.confirmedBy !== undefined) {
    return { allowed: true, because: `${options.confirmedBy} confirmed that it is off` };
  }
  return { allowed: false, vetoed: false, because: missing(fence, listening) };
}

/**
 * Whether only the user's word says that what was switched off is the old node: then it is listened for all the same, since a beacon
 * is a veto. A node whose radio was silenced, or whose wiring was tested, is off; to listen would take seconds and say less. Pure.
 */
export function isOnTrust({ rungs, proven }: FenceReport): boolean {
  const proofs = rungs.filter(({ ok, proves }) => ok && proves === proven);
  return suffices(proven) && proofs.length > 0 && proofs.every(({ onTrust }) => onTrust === true);
}

function provenBy({ rungs, proven }: FenceReport): string {
  const rung = rungs.find(({ ok, proves }) => ok && proves === proven);
  return rung ? `${rung.rung} (${rung.detail})` : "read back";
}

function missing(fence: FenceReport, listening: Listening | undefined): string {
  return [fencing(fence), hearing(fence, listening)].filter((part) => part !== "").join("; ");
}

function fencing({ proven, rungs }: FenceReport): string {
  if (proven === "network cut") return "its network was cut, which leaves its radio on the air";
  const tried = rungs.map(({ rung, detail }) => `${rung}: ${detail.replace(/\.$/, "")}`);
  return tried.length > 0
    ? `no way to switch it off was proven (${tried.join("; ")})`
    : "there is no way to switch it off";
}

function hearing({ selfFenced }: FenceReport, listening: Listening | undefined): string {
  if (!listening) return "";
  if (!listening.scanned) return `the standby could not listen for it (${listening.detail.replace(/\.$/, "")})`;
  if (!listening.heardBefore)
    return "nothing of it is heard, but this standby has never heard it, so that says nothing";
  return selfFenced ? "" : "nothing of it is heard, but it does not fence itself, so it may only be quiet";
}
