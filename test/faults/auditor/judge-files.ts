import { holdsValidGrant } from "./node-files.ts";
import type { NodeRecord } from "./node-files.ts";

/** Files that the fault itself has spoiled and nobody has mended yet: they are not held against Understudy. */
export type Spoiled = (node: string, file: "epoch" | "grant" | "stick" | "generations") => boolean;

export const NOTHING_SPOILED: Spoiled = () => false;

export interface FileContext {
  /** The nodes as they were at the audit before. */
  readonly before: readonly NodeRecord[];
  readonly spoiled: Spoiled;
  /** There was a handover: before the first one nobody has granted anything. */
  readonly handedOver: boolean;
}

/** I2, I5 and I9 by the nodes' files. Returns violations in words. */
export function judgeFiles(now: readonly NodeRecord[], { before, spoiled, handedOver }: FileContext): string[] {
  const found: string[] = [];
  const granted = now.filter(holdsValidGrant);
  if (granted.length > 1)
    found.push(`I2: ${granted.map(({ name }) => name).join(" and ")} hold valid grants at the same time`);
  for (const node of now) {
    if (handedOver && node.running && !holdsValidGrant(node) && !spoiled(node.name, "grant"))
      found.push(`I2: ${node.name} runs the service without a valid grant`);
    const earlier = before.find(({ name }) => name === node.name);
    found.push(...judgeNode(node, earlier, (file) => spoiled(node.name, file)));
  }
  return found;
}

function judgeNode(
  node: NodeRecord,
  earlier: NodeRecord | undefined,
  spoiled: (file: Parameters<Spoiled>[1]) => boolean,
): string[] {
  const { name, epoch } = node;
  const found: string[] = [];
  if (epoch === "unreadable" && !spoiled("epoch")) found.push(`I2: the epoch of ${name} cannot be read`);
  if (typeof earlier?.epoch === "number" && !spoiled("epoch")) {
    if (epoch === undefined) found.push(`I2: the epoch of ${name} was ${earlier.epoch} and is gone`);
    else if (typeof epoch === "number" && epoch < earlier.epoch)
      found.push(`I2: the epoch of ${name} fell from ${earlier.epoch} to ${epoch}`);
  }
  if (node.grant === "unreadable" && !spoiled("grant")) found.push(`I2: the grant of ${name} is half-written`);
  if (node.stick === "dirty" && (node.running || node.onAir))
    found.push(`I9: ${name} serves with a coordinator that was written by half`);
  if (node.stick === "unreadable" && !spoiled("stick"))
    found.push(`I9: the mark of ${name}'s coordinator is half-written`);
  if (!spoiled("generations")) found.push(...judgeGenerations(node, earlier));
  return found;
}

function judgeGenerations({ name, generations }: NodeRecord, earlier: NodeRecord | undefined): string[] {
  const found = generations.flatMap(({ id, fault }) =>
    fault ? [`I5: generation ${id} on ${name} stands under its name, but ${fault}`] : [],
  );
  const best = (records: NodeRecord["generations"]): number =>
    Math.max(-1, ...records.filter(({ fault }) => fault === undefined).map(({ keyedDevices }) => keyedDevices));
  if (earlier && best(generations) < best(earlier.generations))
    found.push(
      `I5: ${name} held a good generation with the keys of ${best(earlier.generations)} devices, now ${Math.max(0, best(generations))}`,
    );
  return found;
}
