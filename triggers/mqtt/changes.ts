import { LISTS, fingerprintOf, tellsOfMembership } from "../../zigbee2mqtt/network-changes.ts";
import { countInterviews, parseBridgeInfo } from "../../zigbee2mqtt/payloads.ts";
import type { HeardMessage } from "./signs.ts";

/**
 * Reads from what Zigbee2MQTT publishes when the standbys' copies are worth a sync: after a device came, left, got another
 * address or name, was bound or put into a group, once all has been quiet. Pure but for its memory: the time is given with
 * each call, in ms of any steady clock.
 *
 * What the broker repeats is only compared with: the schedule finds what happened while nobody listened. A home that never
 * comes to rest is left to it too.
 */
export class Changes {
  readonly #quietMs: number;
  /** Of each list as it was told last. */
  readonly #told = new Map<string, string>();
  /** The latest unrest since a change that is in no copy yet. */
  #unrestAt: number | undefined;
  #permitJoin = false;
  #interviews = 0;

  /** @param quietMs how long nothing must have changed */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  message({ topic, retained, text }: HeardMessage, now: number): void {
    if (topic === "bridge/info") this.#heardInfo(text(), now);
    if (topic === "bridge/event" && !retained && tellsOfMembership(text())) this.#unrestAt = now;
    if (LISTS.includes(topic)) this.#heardList(topic, text(), retained, now);
  }

  /**
   * Since when the copies have been worth a sync that nothing hinders any more; undefined while they are not. A sync that
   * began later than that has seen the change.
   */
  due(now: number): number | undefined {
    // A sync would find the same and do nothing.
    if (this.#permitJoin || this.#interviews > 0) return undefined;
    if (this.#unrestAt === undefined || now - this.#unrestAt < this.#quietMs) return undefined;
    return this.#unrestAt;
  }

  /** What `due` returned is looked after. What has changed since is not. */
  settled(since: number): void {
    if (this.#unrestAt === since) this.#unrestAt = undefined;
  }

  #heardInfo(text: string, now: number): void {
    const permitJoin = parseBridgeInfo(text)?.permitJoin ?? false;
    // Syncs in between have refused, so what came in is in no copy, however long ago that was.
    if (this.#permitJoin && !permitJoin && this.#unrestAt !== undefined) this.#unrestAt = now;
    this.#permitJoin = permitJoin;
  }

  #heardList(topic: string, text: string, retained: boolean, now: number): void {
    if (topic === "bridge/devices") this.#interviews = countInterviews(text);
    const fingerprint = fingerprintOf(text);
    if (fingerprint === undefined) return;
    const before = this.#told.get(topic);
    this.#told.set(topic, fingerprint);
    if (!retained && before !== undefined && before !== fingerprint) this.#unrestAt = now;
  }
}
