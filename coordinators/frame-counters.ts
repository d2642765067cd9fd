import { UnderstudyError } from "../model/errors.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import { counterItems, type CounterItem } from "./counter-items.ts";
import { isOwnCounter, readNetwork, type FormedNetwork } from "./network.ts";
import type { NvramImage, NvramItems } from "./nvram-image.ts";

export interface CounterRule {
  /** Every image known of this network: dumps, generations, what the standby holds. */
  readonly dumps: readonly NvramImage[];
  /** The highest ever written or seen, from the service's memory and the nodes' own. */
  readonly highestKnown: FrameCounters;
  /** Age of the newest dump in ms; 0 for one taken after the radio went silent. */
  readonly ageMs: number;
  /** Frames a second that the coordinator was measured to send. */
  readonly ratePerSecond: number;
  /** Frames added beyond that. */
  readonly margin: number;
}

/** Z-Stack writes a counter to NVRAM once in so many frames; the last ones are in its RAM only (TI's ZDApp.h, APSMEDE.h). */
const UNSAVED_FRAMES = 1000;

/** Well below 2^32, so that no start (+1250) and no later handover can wrap a counter round. */
export const HIGHEST_COUNTER = 0xfe_ee_ee_ee;

/**
 * I3: the counters to write before a coordinator may speak. Equal arguments give equal counters, so a step that runs twice
 * writes the same.
 * @throws UnderstudyError COUNTER_EXHAUSTED when a counter would pass HIGHEST_COUNTER.
 */
export function nextCounters(rule: CounterRule): FrameCounters {
  const seen = rule.dumps.map(highestCounters);
  const network = Math.max(rule.highestKnown.network, ...seen.map((counters) => counters.network));
  const linkKeys = Math.max(rule.highestKnown.linkKeys, ...seen.map((counters) => counters.linkKeys));
  const ahead =
    UNSAVED_FRAMES +
    Math.ceil((Math.max(0, rule.ageMs) / 1000) * Math.max(0, rule.ratePerSecond)) +
    Math.ceil(rule.margin);
  return { network: checked(network + ahead), linkKeys: checked(linkKeys + ahead) };
}

/** The highest counters of an image; 0 where it has none. Counters of other networks do not count. */
export function highestCounters(image: NvramImage): FrameCounters {
  const network = readNetwork(image);
  if (!network.formed) return { network: 0, linkKeys: 0 };
  const items = ownItems(image, network);
  const highest = (kind: CounterItem["kind"]): number =>
    Math.max(0, ...items.filter((item) => item.kind === kind).map((item) => item.value));
  return { network: highest("network"), linkKeys: highest("linkKey") };
}

/**
 * The image with its outgoing counters raised to the target, and nothing else changed: the network's entry and the one for
 * any network, the active key's copy, and every link key's. A counter that is higher already stays.
 * @throws UnderstudyError COUNTER_EXHAUSTED, or COORDINATOR_UNREADABLE when the image has no network or no counter for it:
 *   a coordinator that started from it would begin again at zero.
 */
export function raiseCounters(image: NvramImage, target: FrameCounters): NvramImage {
  const network = requireNetwork(image);
  const changed: Record<string, Record<string, string>> = {};
  for (const item of ownItems(image, network)) {
    const value = checked(Math.max(item.value, item.kind === "network" ? target.network : target.linkKeys));
    (changed[item.table] ??= {})[item.key] = withCounter(image[item.table]?.[item.key] ?? "", item.offset, value);
  }
  return mapTables(image, (table, items) => ({ ...items, ...changed[table] }));
}

/**
 * Only the items that carry outgoing counters: what a preloaded standby needs on a handover. The empty `LEGACY` stays where
 * there is none, because zigpy-znp's `nvram_write` expects it.
 * @throws UnderstudyError COORDINATOR_UNREADABLE as raiseCounters.
 */
export function counterPartial(image: NvramImage): NvramImage {
  const items = ownItems(image, requireNetwork(image));
  const partial: Record<string, Record<string, string>> & { LEGACY: Record<string, string> } = { LEGACY: {} };
  for (const item of items) (partial[item.table] ??= {})[item.key] = image[item.table]?.[item.key] ?? "";
  return partial;
}

function ownItems(image: NvramImage, network: FormedNetwork): readonly CounterItem[] {
  return counterItems(image).filter(
    (item) => item.kind === "linkKey" || isOwnCounter(item.owner, network.extendedPanId),
  );
}

function requireNetwork(image: NvramImage): FormedNetwork {
  const network = readNetwork(image);
  if (network.formed && hasNetworkCounter(image, network)) return network;
  throw new UnderstudyError("COORDINATOR_UNREADABLE", {
    what: network.formed
      ? "The NVRAM image has a network but no frame counter for it."
      : "The NVRAM image holds no network.",
    next: "read the active coordinator again while its service is stopped, or use an earlier generation.",
  });
}

/** Z-Stack 3 starts from its table alone; the active key's copy serves only Z-Stack 1.2, which has no table. */
function hasNetworkCounter(image: NvramImage, network: FormedNetwork): boolean {
  const inTable = (item: CounterItem): boolean => item.kind === "network" && item.owner !== undefined;
  return ownItems(image, network).some((item) => inTable(item) || image.LEGACY["HAS_CONFIGURED_ZSTACK1"] !== undefined);
}

function checked(counter: number): number {
  if (counter <= HIGHEST_COUNTER) return counter;
  throw new UnderstudyError("COUNTER_EXHAUSTED", {
    what: `A frame counter would become ${counter}; above ${HIGHEST_COUNTER} devices may soon refuse every frame.`,
    next: "change the network key (Zigbee starts its counters anew with it), then make a new generation.",
  });
}

function withCounter(hex: string, offset: number, value: number): string {
  const bytes = Buffer.from(hex, "hex");
  bytes.writeUInt32LE(value, offset);
  return bytes.toString("hex");
}

function mapTables(image: NvramImage, change: (table: string, items: NvramItems) => NvramItems): NvramImage {
  const entries = Object.entries(image).map(([table, items]) => [table, change(table, items)]);
  return Object.fromEntries(entries) as NvramImage;
}
