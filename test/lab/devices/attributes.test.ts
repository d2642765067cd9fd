import { describe, expect, test } from "vitest";
import { Zcl } from "zigbee-herdsman";
import { createLight, createSensor } from "../../../lab/devices/index.ts";
import { attributeId, clusterRequest, globalRequest, parseAll, readRequest } from "./requests.ts";

const { BOOLEAN, UINT16, ENUM8, CHAR_STR } = Zcl.DataType;

function ask(app: ReturnType<typeof createLight>, request: ReturnType<typeof readRequest>) {
  return parseAll(app.receive(request, 0));
}

describe("read", () => {
  test("gives values with their types, and says which attribute is not there", () => {
    const [answer, ...more] = ask(
      createLight(),
      readRequest("genBasic", "modelId", "serialNumber", "manufacturerName"),
    );
    expect(more).toEqual([]);
    expect(answer).toEqual({
      cluster: "genBasic",
      command: "readRsp",
      payload: [
        { attrId: 5, status: 0, dataType: CHAR_STR, attrData: "HK-ZD-CCT-A" },
        { attrId: 13, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE },
        { attrId: 4, status: 0, dataType: CHAR_STR, attrData: "Sunricher" },
      ],
    });
  });

  test("finds nothing under a manufacturer's code", () => {
    const [answer] = ask(
      createLight(),
      globalRequest("genBasic", "read", [{ attrId: 5 }], { manufacturerCode: 0x1234 }),
    );
    expect(answer?.payload).toEqual([{ attrId: 5, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE }]);
  });

  test("carries the sequence number and the endpoints of its question", () => {
    const request = readRequest("genOnOff", "onOff");
    const [answer] = createLight().receive(request, 0);
    expect(answer).toMatchObject({ srcEndpoint: 1, dstEndpoint: 1, profileId: 0x0104, clusterId: 6 });
    expect(answer?.payload[1]).toBe(request.payload[1]);
  });
});

describe("write", () => {
  const startUp = attributeId("genOnOff", "startUpOnOff");
  const onTime = attributeId("genIdentify", "identifyTime");

  test("keeps what may be written", () => {
    const app = createLight();
    const record = { attrId: startUp, dataType: ENUM8, attrData: 1 };
    expect(ask(app, globalRequest("genOnOff", "write", [record]))[0]?.payload).toEqual([{ status: 0 }]);
    expect(ask(app, readRequest("genOnOff", "startUpOnOff"))[0]?.payload).toMatchObject([{ attrData: 1 }]);
  });

  test("refuses what is read-only, of another type, or absent, and does the rest", () => {
    const app = createLight();
    const [answer] = ask(
      app,
      globalRequest("genOnOff", "write", [
        { attrId: 0, dataType: BOOLEAN, attrData: 1 },
        { attrId: startUp, dataType: UINT16, attrData: 1 },
        { attrId: 0x7000, dataType: UINT16, attrData: 1 },
        { attrId: startUp, dataType: ENUM8, attrData: 0 },
      ]),
    );
    expect(answer?.payload).toEqual([
      { status: Zcl.Status.READ_ONLY, attrId: 0 },
      { status: Zcl.Status.INVALID_DATA_TYPE, attrId: startUp },
      { status: Zcl.Status.UNSUPPORTED_ATTRIBUTE, attrId: 0x7000 },
    ]);
    expect(app.state()).toMatchObject({ state: "OFF" });
    expect(ask(app, readRequest("genOnOff", "startUpOnOff"))[0]?.payload).toMatchObject([{ attrData: 0 }]);
  });

  test("undivided does all or nothing", () => {
    const app = createLight();
    const records = [
      { attrId: startUp, dataType: ENUM8, attrData: 1 },
      { attrId: 0, dataType: BOOLEAN, attrData: 1 },
    ];
    const [answer] = ask(app, globalRequest("genOnOff", "writeUndiv", records));
    expect(answer?.payload).toEqual([{ status: Zcl.Status.READ_ONLY, attrId: 0 }]);
    expect(ask(app, readRequest("genOnOff", "startUpOnOff"))[0]?.payload).toMatchObject([{ attrData: 255 }]);
  });

  test("without response is silent and works", () => {
    const app = createSensor();
    const record = { attrId: onTime, dataType: UINT16, attrData: 30 };
    expect(ask(app, globalRequest("genIdentify", "writeNoRsp", [record]))).toEqual([]);
    expect(ask(app, readRequest("genIdentify", "identifyTime"))[0]?.payload).toMatchObject([{ attrData: 30 }]);
  });
});

test("discover lists attributes in order, in parts", () => {
  const app = createLight();
  const discover = (startAttrId: number) =>
    ask(app, globalRequest("genOnOff", "discover", { startAttrId, maxAttrIds: 1 }))[0]?.payload;
  expect(discover(0)).toEqual({ discComplete: 0, attrInfos: [{ attrId: 0, dataType: BOOLEAN }] });
  expect(discover(1)).toEqual({ discComplete: 1, attrInfos: [{ attrId: 0x4003, dataType: ENUM8 }] });
});

describe("what is not understood", () => {
  test("is answered with the reason, even to a sender that wants no default response", () => {
    const app = createSensor();
    const refusal = (request: ReturnType<typeof readRequest>) => ask(app, request)[0];
    expect(refusal(globalRequest("genOnOff", "read", [{ attrId: 0 }]))).toEqual({
      cluster: "genOnOff",
      command: "defaultRsp",
      payload: { cmdId: 0, statusCode: Zcl.Status.UNSUPPORTED_CLUSTER },
    });
    const structured = globalRequest("genBasic", "discoverCommands", { startCmdId: 0, maxCmdIds: 9 });
    expect(refusal(structured)?.payload).toEqual({ cmdId: 0x11, statusCode: Zcl.Status.UNSUP_COMMAND });

    const on = clusterRequest("genOnOff", "on");
    const unknownCommand = { ...on, payload: Buffer.from([on.payload[0] ?? 0, 7, 0x77]) };
    expect(parseAll(createLight().receive(unknownCommand, 0))[0]?.payload).toEqual({
      cmdId: 0x77,
      statusCode: Zcl.Status.UNSUP_COMMAND,
    });
  });

  test("is answered as malformed when it is cut short", () => {
    const write = globalRequest("genOnOff", "write", [{ attrId: 0x4003, dataType: ENUM8, attrData: 1 }]);
    const cut = { ...write, payload: write.payload.subarray(0, 5) };
    expect(ask(createLight(), cut)[0]?.payload).toEqual({ cmdId: 2, statusCode: Zcl.Status.MALFORMED_COMMAND });
  });

  test.each([0, 1, 2])("is dropped when it is no frame at all (%i bytes)", (length) => {
    const payload = Buffer.from([0x04, 1, 2]).subarray(0, length);
    const frame = { srcEndpoint: 1, dstEndpoint: 1, profileId: 0x0104, clusterId: 6, payload };
    expect(createLight().receive(frame, 0)).toEqual([]);
  });

  test("is dropped when it is for another endpoint or is itself an answer", () => {
    const app = createLight();
    expect(app.receive({ ...readRequest("genOnOff", "onOff"), dstEndpoint: 2 }, 0)).toEqual([]);
    const [answer] = app.receive(readRequest("genOnOff", "onOff"), 0);
    expect(app.receive(answer!, 0)).toEqual([]);
  });
});
