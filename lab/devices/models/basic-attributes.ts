import { Zcl } from "zigbee-herdsman";
import type { AttributeValue } from "../attribute-store.ts";

/** Version of the Zigbee Cluster Library that the devices speak. */
const ZCL_VERSION = 3;

/** The Basic cluster as Zigbee2MQTT's interview reads it. */
export function basicAttributes(product: {
  manufacturerName: string;
  modelId: string;
  powerSource: Zcl.PowerSource;
  dateCode: string;
  swBuildId: string;
}): Record<string, AttributeValue> {
  return { zclVersion: ZCL_VERSION, appVersion: 1, stackVersion: 2, hwVersion: 1, ...product };
}
