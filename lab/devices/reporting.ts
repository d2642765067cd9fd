import { Zcl } from "zigbee-herdsman";
import type { Attribute, AttributeStore, AttributeValue } from "./attribute-store.ts";

/** What Configure Reporting asks of one attribute (Zigbee Cluster Library, section 2.5.7). */
export interface ReportingRule {
  readonly clusterId: number;
  readonly attributeId: number;
  /** Seconds that must pass between two reports, 0-65534. */
  readonly minSeconds: number;
  /** Seconds after which a report is sent without a change; 0 for never. */
  readonly maxSeconds: number;
  /** Smallest change of a quantity that is reported, in the attribute's own unit. Any change of a state is reported. */
  readonly change: number;
}

export interface StoredRule extends ReportingRule {
  readonly reportedValue: AttributeValue;
}

interface ActiveRule extends ReportingRule {
  reportedValue: AttributeValue;
  /** Unknown after a restart, whose clock may have another origin: the intervals then begin anew. */
  reportedAt: number | undefined;
}

/** The reporting configuration of one endpoint, and when each attribute was last reported. */
export class ReportingTable {
  readonly #rules = new Map<string, ActiveRule>();

  constructor(stored: readonly StoredRule[] = []) {
    for (const rule of stored) this.#rules.set(key(rule), { ...rule, reportedAt: undefined });
  }

  /** Adds or replaces a rule. `now` is in milliseconds; the current value counts as known to the receiver. */
  configure(rule: ReportingRule, currentValue: AttributeValue, now: number): void {
    this.#rules.set(key(rule), { ...rule, reportedValue: currentValue, reportedAt: now });
  }

  remove(clusterId: number, attributeId: number): void {
    this.#rules.delete(key({ clusterId, attributeId }));
  }

  clear(): void {
    this.#rules.clear();
  }

  find(clusterId: number, attributeId: number): ReportingRule | undefined {
    return this.#rules.get(key({ clusterId, attributeId }));
  }

  /**
   * The attributes to report now, by cluster, and marks them as reported. Only clusters that are bound report.
   * `now` is in milliseconds of the same clock as before.
   */
  takeDue(attributes: AttributeStore, isBound: (clusterId: number) => boolean, now: number): Map<number, Attribute[]> {
    const due = new Map<number, Attribute[]>();
    for (const rule of this.#rules.values()) {
      const attribute = attributes.find(rule.clusterId, rule.attributeId);
      if (!attribute) continue;
      rule.reportedAt ??= now;
      if (!isBound(rule.clusterId) || !isDue(rule, rule.reportedAt, attribute, now)) continue;
      rule.reportedAt = now;
      rule.reportedValue = attribute.value;
      due.set(rule.clusterId, [...(due.get(rule.clusterId) ?? []), attribute]);
    }
    return due;
  }

  toJSON(): StoredRule[] {
    return [...this.#rules.values()].map((rule) => ({
      clusterId: rule.clusterId,
      attributeId: rule.attributeId,
      minSeconds: rule.minSeconds,
      maxSeconds: rule.maxSeconds,
      change: rule.change,
      reportedValue: rule.reportedValue,
    }));
  }
}

function isDue(rule: ActiveRule, reportedAt: number, attribute: Attribute, now: number): boolean {
  const elapsedSeconds = (now - reportedAt) / 1000;
  if (elapsedSeconds < rule.minSeconds) return false;
  if (rule.maxSeconds > 0 && elapsedSeconds >= rule.maxSeconds) return true;
  if (attribute.value === rule.reportedValue) return false;
  if (!Zcl.Utils.isAnalogDataType(attribute.type)) return true;
  return Math.abs(Number(attribute.value) - Number(rule.reportedValue)) >= rule.change;
}

function key(rule: { clusterId: number; attributeId: number }): string {
  return `${rule.clusterId}/${rule.attributeId}`;
}
