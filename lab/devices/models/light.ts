import { Zcl } from "zigbee-herdsman";
import { HOME_AUTOMATION_PROFILE } from "../frames.ts";
import type { DeviceModel } from "../model.ts";
import { basicAttributes } from "./basic-attributes.ts";

const MODEL_ID = "HK-ZD-CCT-A";
const MANUFACTURER = "Sunricher";
/** Device id of a colour temperature light. */
const COLOR_TEMPERATURE_LIGHT = 0x010c;
/** Color Control: colour temperature is the only capability, and the mode. */
const COLOR_TEMPERATURE_CAPABILITY = 0x10;
const COLOR_TEMPERATURE_MODE = 2;
const PREVIOUS_VALUE = 0xff;

/** A dimmable colour temperature light, mains powered, a router. Zigbee2MQTT configures reporting of all it can show. */
export const lightModel: DeviceModel = {
  type: "light",
  kind: "router",
  modelId: MODEL_ID,
  manufacturerName: MANUFACTURER,
  manufacturerCode: 0x1224,
  descriptor: {
    endpoint: 1,
    profileId: HOME_AUTOMATION_PROFILE,
    deviceId: COLOR_TEMPERATURE_LIGHT,
    deviceVersion: 1,
    inClusters: [0x0000, 0x0003, 0x0004, 0x0005, 0x0006, 0x0008, 0x0300],
    outClusters: [],
  },
  attributes: {
    genBasic: basicAttributes({
      manufacturerName: MANUFACTURER,
      modelId: MODEL_ID,
      powerSource: Zcl.PowerSource["Mains (single phase)"],
      dateCode: "20230704",
      swBuildId: "2.7.6_r25",
    }),
    genIdentify: { identifyTime: 0 },
    genGroups: { nameSupport: 0 },
    genScenes: { count: 0, currentScene: 0, currentGroup: 0, sceneValid: 0, nameSupport: 0 },
    genOnOff: { onOff: 0, startUpOnOff: PREVIOUS_VALUE },
    genLevelCtrl: { currentLevel: 254, remainingTime: 0, options: 0, onOffTransitionTime: 0, onLevel: 0xff },
    lightingColorCtrl: {
      colorTemperature: 370,
      colorMode: COLOR_TEMPERATURE_MODE,
      options: 0,
      numPrimaries: 0,
      colorCapabilities: COLOR_TEMPERATURE_CAPABILITY,
      colorTempPhysicalMin: 160,
      colorTempPhysicalMax: 450,
      startUpColorTemperature: 0xffff,
    },
  },
  memory: {},
  advance: () => {},
  describe: (attributes) => ({
    state: attributes.number("genOnOff", "onOff") === 1 ? "ON" : "OFF",
    brightness: attributes.number("genLevelCtrl", "currentLevel"),
    color_temp: attributes.number("lightingColorCtrl", "colorTemperature"),
  }),
};
