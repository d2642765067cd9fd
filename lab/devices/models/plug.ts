import { Zcl } from "zigbee-herdsman";
import type { AttributeStore } from "../attribute-store.ts";
import { HOME_AUTOMATION_PROFILE } from "../frames.ts";
import type { DeviceModel, Memory } from "../model.ts";
import { basicAttributes } from "./basic-attributes.ts";

const MODEL_ID = "SP 240";
const MANUFACTURER = "Innr";
/** Device id of a smart plug. */
const SMART_PLUG = 0x0051;
const PREVIOUS_VALUE = 0xff;
const VOLTS = 230;
const MILLIAMPERES_PER_AMPERE = 1000;
const JOULES_PER_WATT_HOUR = 3600;

/** The load draws its power while the plug is on, and what it draws adds up. */
function advance(attributes: AttributeStore, elapsedMs: number, memory: Memory): void {
  const wasDrawing = attributes.number("haElectricalMeasurement", "activePower");
  const joules = (memory.joules ?? 0) + (wasDrawing * elapsedMs) / 1000;
  const wattHours = Math.floor(joules / JOULES_PER_WATT_HOUR);
  memory.joules = joules - wattHours * JOULES_PER_WATT_HOUR;
  const total = attributes.number("seMetering", "currentSummDelivered") + wattHours;
  attributes.set("seMetering", "currentSummDelivered", total);

  const watts = attributes.number("genOnOff", "onOff") === 1 ? (memory.loadWatts ?? 0) : 0;
  attributes.set("haElectricalMeasurement", "activePower", watts);
  attributes.set("haElectricalMeasurement", "rmsCurrent", Math.round((watts / VOLTS) * MILLIAMPERES_PER_AMPERE));
  attributes.set("seMetering", "instantaneousDemand", watts);
}

/** A plug that switches and measures a load of 46 W, a router. Zigbee2MQTT configures reporting of all of it. */
export const plugModel: DeviceModel = {
  type: "plug",
  kind: "router",
  modelId: MODEL_ID,
  manufacturerName: MANUFACTURER,
  manufacturerCode: Zcl.ManufacturerCode.INNR_LIGHTING_BV,
  descriptor: {
    endpoint: 1,
    profileId: HOME_AUTOMATION_PROFILE,
    deviceId: SMART_PLUG,
    deviceVersion: 1,
    inClusters: [0x0000, 0x0003, 0x0004, 0x0005, 0x0006, 0x0702, 0x0b04],
    outClusters: [],
  },
  attributes: {
    genBasic: basicAttributes({
      manufacturerName: MANUFACTURER,
      modelId: MODEL_ID,
      powerSource: Zcl.PowerSource["Mains (single phase)"],
      dateCode: "20230403",
      swBuildId: "1.9.27",
    }),
    genIdentify: { identifyTime: 0 },
    genGroups: { nameSupport: 0 },
    genScenes: { count: 0, currentScene: 0, currentGroup: 0, sceneValid: 0, nameSupport: 0 },
    genOnOff: { onOff: 0, startUpOnOff: PREVIOUS_VALUE },
    // Energy in watt-hours, demand in watts.
    seMetering: { currentSummDelivered: 0, instantaneousDemand: 0, multiplier: 1, divisor: 1000 },
    haElectricalMeasurement: {
      rmsVoltage: VOLTS,
      rmsCurrent: 0,
      activePower: 0,
      acVoltageMultiplier: 1,
      acVoltageDivisor: 1,
      acCurrentMultiplier: 1,
      acCurrentDivisor: MILLIAMPERES_PER_AMPERE,
      acPowerMultiplier: 1,
      acPowerDivisor: 1,
    },
  },
  memory: { loadWatts: 46, joules: 0 },
  advance,
  describe: (attributes) => ({
    state: attributes.number("genOnOff", "onOff") === 1 ? "ON" : "OFF",
    power: attributes.number("haElectricalMeasurement", "activePower"),
    current: attributes.number("haElectricalMeasurement", "rmsCurrent") / MILLIAMPERES_PER_AMPERE,
    voltage: attributes.number("haElectricalMeasurement", "rmsVoltage"),
    energy: attributes.number("seMetering", "currentSummDelivered") / 1000,
  }),
};
