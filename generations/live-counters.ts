import type { GenerationSummary, Manifest } from "./generation.ts";

/** A coordinator without much to do sends less; what is not known is taken for this. */
const LEAST_FRAMES_PER_SECOND = 1;
/** A home is not as busy every hour. */
const SAFETY = 2;
/** Over less time one start of Zigbee2MQTT, which adds 1250 frames, would look like a rate. */
const MEASURED_OVER_MS = 10 * 60_000;

/**
 * What a live generation says of its counters' age (I3: what may have been sent since is their age times the measured rate).
 * @param readAt when Zigbee2MQTT was asked to read them; undefined where the backup was there already: then it is as old as the
 *   generation before it says, or, where Zigbee2MQTT wrote one by itself meanwhile, not older
 */
export function countersOfLive(facts: {
  readonly summary: GenerationSummary;
  readonly previous: Manifest | undefined;
  readonly readAt: Date | undefined;
}): NonNullable<Manifest["live"]> {
  const { summary, previous, readAt } = facts;
  const before = previous?.live?.countersAt ?? previous?.createdAt;
  const countersAt = (readAt ?? new Date(before ?? 0)).toISOString();
  const known = previous?.live?.framesPerSecond ?? LEAST_FRAMES_PER_SECOND;
  if (!previous || !before || !readAt) return { countersAt, framesPerSecond: known };
  const elapsedMs = readAt.getTime() - Date.parse(before);
  if (elapsedMs < MEASURED_OVER_MS) return { countersAt, framesPerSecond: known };
  const frames = summary.frameCounters.network - previous.summary.frameCounters.network;
  const measured = (SAFETY * frames * 1000) / elapsedMs;
  return { countersAt, framesPerSecond: Math.max(LEAST_FRAMES_PER_SECOND, Math.ceil(measured * 10) / 10) };
}
