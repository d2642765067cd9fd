import { EmulatedDevice, type StoredDevice } from "./emulated-device.ts";
import type { DeviceModel, DeviceType } from "./model.ts";
import { lightModel } from "./models/light.ts";
import { plugModel } from "./models/plug.ts";
import { sensorModel } from "./models/sensor.ts";

export { EmulatedDevice, type StoredDevice } from "./emulated-device.ts";
export type { DeviceState, DeviceType } from "./model.ts";

const models: Readonly<Record<DeviceType, DeviceModel>> = {
  light: lightModel,
  plug: plugModel,
  sensor: sensorModel,
};

/** The household, again and again: of twelve devices five lights, four plugs and three sensors; the first three differ. */
const HOUSEHOLD: readonly DeviceType[] = [
  "light",
  "plug",
  "sensor",
  "light",
  "plug",
  "light",
  "sensor",
  "plug",
  "light",
  "plug",
  "light",
  "sensor",
];

/** A dimmable colour temperature light (Sunricher HK-ZD-CCT-A), off. */
export function createLight(): EmulatedDevice {
  return new EmulatedDevice(lightModel);
}

/** A plug that measures its load (Innr SP 240), off. */
export function createPlug(): EmulatedDevice {
  return new EmulatedDevice(plugModel);
}

/** A sleepy temperature and humidity sensor (eWeLink CK-TLSR8656-SS5-02) that measures every 10 seconds. */
export function createSensor(): EmulatedDevice {
  return new EmulatedDevice(sensorModel);
}

/** A mixed household of `count` devices, new from the factory. */
export function createDevices(count: number): EmulatedDevice[] {
  return Array.from({ length: count }, (_, index) => {
    const type = HOUSEHOLD[index % HOUSEHOLD.length] as DeviceType;
    return new EmulatedDevice(models[type]);
  });
}

/** Brings back what `JSON.stringify` made of a device. Throws if it is of no known type. */
export function deviceFromJSON(stored: unknown): EmulatedDevice {
  const type = (stored as Partial<StoredDevice> | null)?.type;
  if (!type || !Object.hasOwn(models, type)) throw new Error("This is no stored device: its type is not known.");
  return new EmulatedDevice(models[type], stored as StoredDevice);
}
