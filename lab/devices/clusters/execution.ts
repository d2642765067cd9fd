import type { AttributeStore } from "../attribute-store.ts";

/** Bit 0 of the Options attribute and of its overrides: execute although the light is off. */
const EXECUTE_IF_OFF = 0x01;

export interface OptionOverrides {
  readonly optionsMask?: number;
  readonly optionsOverride?: number;
}

/**
 * Whether a light that is off must still obey a command of this cluster (Zigbee Cluster Library, section 3.10.2.2.8):
 * the Options attribute decides, unless the command overrides it.
 */
export function mayExecute(attributes: AttributeStore, cluster: string, overrides: OptionOverrides): boolean {
  if (attributes.number("genOnOff", "onOff") === 1) return true;
  const mask = overrides.optionsMask ?? 0;
  const options = (attributes.number(cluster, "options") & ~mask) | ((overrides.optionsOverride ?? 0) & mask);
  return (options & EXECUTE_IF_OFF) !== 0;
}
