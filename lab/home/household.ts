import { createDevices } from "../devices/index.ts";
import type { DeviceType, EmulatedDevice } from "../devices/index.ts";

export interface HouseholdDevice {
  /** Friendly name in Zigbee2MQTT: light_0, plug_2, sensor_1 … */
  readonly name: string;
  readonly type: DeviceType;
  /** 0x and 16 hex digits, as Zigbee2MQTT writes it. */
  readonly ieeeAddress: string;
  readonly application: EmulatedDevice;
}

/** First of the devices' addresses; the block belongs to no manufacturer. */
const FIRST_ADDRESS = 0x02_1a_b0_00_00_00_00_01n;

/** Devices new from the factory, with the names that their owner gives them. */
export function createHousehold(count: number): HouseholdDevice[] {
  const numbers = new Map<DeviceType, number>();
  return createDevices(count).map((application, index) => {
    const { type } = application.toJSON();
    const number = numbers.get(type) ?? 0;
    numbers.set(type, number + 1);
    const ieeeAddress = `0x${(FIRST_ADDRESS + BigInt(index)).toString(16).padStart(16, "0")}`;
    return { name: `${type}_${number}`, type, ieeeAddress, application };
  });
}
