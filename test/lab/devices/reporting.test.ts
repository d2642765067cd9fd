import { describe, expect, test } from "vitest";
import { Zcl } from "zigbee-herdsman";
import { createLight, createSensor, deviceFromJSON, type EmulatedDevice } from "../../../lab/devices/index.ts";
import { globalRequest, parseAll, reportingRequest } from "./requests.ts";

const TEMPERATURE = "msTemperatureMeasurement";
const TEMPERATURE_ID = 0x0402;

/** A sensor whose temperature only we change: reported after 10 s at the earliest, 60 s at the latest, from 0.5 °C on. */
function quietSensor(): EmulatedDevice {
  const app = createSensor();
  app.surround({ measureEveryMs: 0 });
  app.bind(TEMPERATURE_ID, 1);
  app.receive(reportingRequest(TEMPERATURE, "measuredValue", 10, 60, 50), 0);
  return app;
}

function reported(app: EmulatedDevice, now: number): number[] {
  return parseAll(app.due(now)).flatMap(({ payload }) =>
    payload.map((record: { attrData: number }) => record.attrData),
  );
}

describe("a report", () => {
  test("comes when the value has changed by enough and the minimum interval is over", () => {
    const app = quietSensor();
    app.change(TEMPERATURE, "measuredValue", 2150);
    expect(reported(app, 9999)).toEqual([]);
    expect(reported(app, 10_000)).toEqual([2150]);
    app.change(TEMPERATURE, "measuredValue", 2199);
    expect(reported(app, 30_000)).toEqual([]);
    app.change(TEMPERATURE, "measuredValue", 2100);
    expect(reported(app, 30_001)).toEqual([2100]);
  });

  test("comes unchanged when the maximum interval is over", () => {
    const app = quietSensor();
    expect(reported(app, 59_999)).toEqual([]);
    expect(reported(app, 60_000)).toEqual([2100]);
    expect(reported(app, 60_001)).toEqual([]);
    expect(reported(app, 120_000)).toEqual([2100]);
  });

  test("comes only on a change when the maximum interval is 0", () => {
    const app = quietSensor();
    app.receive(reportingRequest(TEMPERATURE, "measuredValue", 0, 0, 50), 0);
    expect(reported(app, 86_400_000)).toEqual([]);
    app.change(TEMPERATURE, "measuredValue", 2200);
    expect(reported(app, 86_400_001)).toEqual([2200]);
  });

  test("needs a binding", () => {
    const app = quietSensor();
    app.unbind(TEMPERATURE_ID, 1);
    expect(reported(app, 60_000)).toEqual([]);
    app.bind(TEMPERATURE_ID, 1);
    expect(reported(app, 60_001)).toEqual([2100]);
  });

  test("wants no answer and has a new sequence number each time", () => {
    const app = quietSensor();
    const headers = [60_000, 120_000].map((now) => Zcl.Header.fromBuffer(app.due(now)[0]!.payload)!);
    expect(headers.map(({ frameControl }) => frameControl)).toEqual(
      headers.map(() =>
        expect.objectContaining({ disableDefaultResponse: true, direction: Zcl.Direction.SERVER_TO_CLIENT }),
      ),
    );
    expect(new Set(headers.map(({ transactionSequenceNumber }) => transactionSequenceNumber)).size).toBe(2);
  });
});

describe("configuring", () => {
  const answer = (app: EmulatedDevice, command: string, record: object) =>
    parseAll(app.receive(globalRequest(TEMPERATURE, command, [record]), 0))[0]?.payload;
  const record = {
    direction: 0,
    attrId: 0,
    dataType: Zcl.DataType.INT16,
    minRepIntval: 5,
    maxRepIntval: 60,
    repChange: 1,
  };

  test("can be read back", () => {
    const expected = { status: 0, direction: 0, attrId: 0, dataType: Zcl.DataType.INT16 };
    expect(answer(quietSensor(), "readReportConfig", { direction: 0, attrId: 0 })).toEqual([
      { ...expected, minRepIntval: 10, maxRepIntval: 60, repChange: 50 },
    ]);
    expect(answer(createSensor(), "readReportConfig", { direction: 0, attrId: 0 })).toEqual([
      { status: Zcl.Status.NOT_FOUND, direction: 0, attrId: 0 },
    ]);
  });

  test("ends with a maximum interval of 65535", () => {
    const app = quietSensor();
    app.receive(reportingRequest(TEMPERATURE, "measuredValue", 0, 0xffff, 0), 0);
    expect(reported(app, 3_600_000)).toEqual([]);
  });

  test.each([
    ["an attribute that is not there", { attrId: 0x99 }, Zcl.Status.UNSUPPORTED_ATTRIBUTE],
    ["another type", { dataType: Zcl.DataType.UINT16 }, Zcl.Status.INVALID_DATA_TYPE],
    ["a minimum above the maximum", { minRepIntval: 61 }, Zcl.Status.INVALID_VALUE],
  ])("is refused for %s", (_what, change, status) => {
    const wrong = { ...record, ...change };
    expect(answer(createSensor(), "configReport", wrong)).toEqual([{ status, direction: 0, attrId: wrong.attrId }]);
  });
});

describe("a device that was stored and starts again", () => {
  const restart = (app: EmulatedDevice) => deviceFromJSON(JSON.parse(JSON.stringify(app)));

  test("goes on reporting, though its clock begins anew", () => {
    const app = quietSensor();
    expect(reported(app, 5_000_000)).toEqual([2100]);
    for (const origin of [7, 9_000_000]) {
      const again = restart(app);
      expect(reported(again, origin)).toEqual([]);
      expect(reported(again, origin + 59_999)).toEqual([]);
      expect(reported(again, origin + 60_000)).toEqual([2100]);
    }
  });

  test("reports a change that was not reported before", () => {
    const app = quietSensor();
    app.change(TEMPERATURE, "measuredValue", 2300);
    const again = restart(app);
    expect(reported(again, 0)).toEqual([]);
    expect(reported(again, 10_000)).toEqual([2300]);
  });

  test("does not reuse a sequence number that Zigbee2MQTT has just seen", () => {
    const app = quietSensor();
    const before = Zcl.Header.fromBuffer(app.due(60_000)[0]!.payload)?.transactionSequenceNumber;
    const again = restart(app);
    again.due(0);
    const after = Zcl.Header.fromBuffer(again.due(60_000)[0]!.payload)?.transactionSequenceNumber;
    expect(after).toBe((before ?? 0) + 1);
  });

  test("is the same device in all that was configured", () => {
    const app = createLight();
    app.bind(6, 1);
    app.receive(reportingRequest("genOnOff", "onOff", 0, 60, 0), 0);
    app.change("genOnOff", "onOff", 1);
    expect(restart(app).toJSON()).toEqual(app.toJSON());
    expect(restart(app).state()).toEqual(app.state());
  });
});
