import type { DeviceApplication, SimpleDescriptor } from "../air/device-contract.ts";
import type { AttributeStore, AttributeValues } from "./attribute-store.ts";

export type DeviceType = "light" | "plug" | "sensor";

/** What a person would see of the device, in Zigbee2MQTT's names and units. */
export type DeviceState = Readonly<Record<string, number | "ON" | "OFF">>;

/** Numbers that a model's behaviour keeps between calls; stored with the device. */
export type Memory = Record<string, number>;

/** One product that Zigbee2MQTT supports: all that tells it apart from the other emulated ones. */
export interface DeviceModel {
  readonly type: DeviceType;
  readonly kind: DeviceApplication["kind"];
  readonly modelId: string;
  readonly manufacturerName: string;
  readonly manufacturerCode: number;
  readonly descriptor: SimpleDescriptor;
  /** First values of all attributes that the device has. */
  readonly attributes: AttributeValues;
  readonly memory: Readonly<Memory>;
  /** Lets the device's surroundings act on its attributes after `elapsedMs` milliseconds (0 after a command). */
  advance(attributes: AttributeStore, elapsedMs: number, memory: Memory): void;
  describe(attributes: AttributeStore): DeviceState;
}
