import { Zcl } from "zigbee-herdsman";
import type { AttributeStore } from "../attribute-store.ts";
import { HOME_AUTOMATION_PROFILE } from "../frames.ts";
import type { DeviceModel, Memory } from "../model.ts";
import { basicAttributes } from "./basic-attributes.ts";

const MODEL_ID = "CK-TLSR8656-SS5-02(7014)";
const MANUFACTURER = "eWeLink";
/** Device id of a temperature sensor. */
const TEMPERATURE_SENSOR = 0x0302;
/**
 * The weather of the lab, in hundredths of a degree and of a percent: a round of four measurements. Neighbours differ
 * by more than the change from which Zigbee2MQTT wants a report (1 °C, 1 %), so that each measurement is reported.
 */
const TEMPERATURE_ROUND = [0, 120, 240, 120] as const;
const HUMIDITY_ROUND = [0, -150, -300, -150] as const;

/** Measures every `measureEveryMs`; between two calls that are further apart, once. */
function advance(attributes: AttributeStore, elapsedMs: number, memory: Memory): void {
  const every = memory.measureEveryMs ?? 0;
  const waited = (memory.sinceMeasurementMs ?? 0) + elapsedMs;
  if (every === 0 || waited < every) {
    memory.sinceMeasurementMs = waited;
    return;
  }
  memory.sinceMeasurementMs = waited % every;
  const step = (memory.measurements ?? 0) + 1;
  memory.measurements = step;
  const moment = step % TEMPERATURE_ROUND.length;
  const temperature = (memory.temperature ?? 0) + (TEMPERATURE_ROUND[moment] ?? 0);
  const humidity = (memory.humidity ?? 0) + (HUMIDITY_ROUND[moment] ?? 0);
  attributes.set("msTemperatureMeasurement", "measuredValue", temperature);
  attributes.set("msRelativeHumidity", "measuredValue", humidity);
}

/** A battery-powered temperature and humidity sensor: it sleeps, wakes to report, and can be told nothing. */
export const sensorModel: DeviceModel = {
  type: "sensor",
  kind: "sleepy-end-device",
  modelId: MODEL_ID,
  manufacturerName: MANUFACTURER,
  manufacturerCode: Zcl.ManufacturerCode.SHENZHEN_COOLKIT_TECHNOLOGY_CO_LTD,
  descriptor: {
    endpoint: 1,
    profileId: HOME_AUTOMATION_PROFILE,
    deviceId: TEMPERATURE_SENSOR,
    deviceVersion: 0,
    inClusters: [0x0000, 0x0001, 0x0003, 0x0402, 0x0405],
    outClusters: [],
  },
  attributes: {
    genBasic: basicAttributes({
      manufacturerName: MANUFACTURER,
      modelId: MODEL_ID,
      powerSource: Zcl.PowerSource.Battery,
      dateCode: "20231019",
      swBuildId: "1.0.8",
    }),
    // Voltage in tenths of a volt, the percentage in halves.
    genPowerCfg: { batteryVoltage: 30, batteryPercentageRemaining: 200 },
    genIdentify: { identifyTime: 0 },
    msTemperatureMeasurement: { measuredValue: 2100, minMeasuredValue: -1000, maxMeasuredValue: 6000 },
    msRelativeHumidity: { measuredValue: 4800, minMeasuredValue: 0, maxMeasuredValue: 10_000 },
  },
  memory: { measureEveryMs: 10_000, sinceMeasurementMs: 0, measurements: 0, temperature: 2100, humidity: 4800 },
  advance,
  describe: (attributes) => ({
    temperature: attributes.number("msTemperatureMeasurement", "measuredValue") / 100,
    humidity: attributes.number("msRelativeHumidity", "measuredValue") / 100,
    battery: attributes.number("genPowerCfg", "batteryPercentageRemaining") / 2,
  }),
};
