import { describe, expect, test } from "vitest";
import { Zcl } from "zigbee-herdsman";
import { createLight, createPlug, type EmulatedDevice } from "../../../lab/devices/index.ts";
import { clusterRequest, globalRequest, parseAll, readRequest } from "./requests.ts";

function send(app: EmulatedDevice, cluster: string, command: string, payload?: object, now = 0) {
  return parseAll(app.receive(clusterRequest(cluster, command, payload), now));
}

const success = [{ command: "defaultRsp", payload: { statusCode: 0 } }];

describe("switching", () => {
  test("on, off and toggle are obeyed and confirmed", () => {
    const app = createLight();
    expect(send(app, "genOnOff", "on")).toMatchObject(success);
    expect(app.state().state).toBe("ON");
    expect(send(app, "genOnOff", "toggle")).toMatchObject(success);
    expect(app.state().state).toBe("OFF");
    send(app, "genOnOff", "toggle");
    expect(send(app, "genOnOff", "off")).toMatchObject(success);
    expect(app.state().state).toBe("OFF");
  });

  test("is not confirmed to a sender that wants no default response", () => {
    const app = createLight();
    expect(app.receive(clusterRequest("genOnOff", "on", {}, { disableDefaultResponse: true }), 0)).toEqual([]);
    expect(app.state().state).toBe("ON");
  });

  test("by broadcast is obeyed by all and confirmed by none", () => {
    const apps = [createLight(), createPlug()];
    const broadcast = clusterRequest("genOnOff", "on", {}, { dstEndpoint: 0xff });
    expect(apps.map((app) => app.receive(broadcast, 0))).toEqual([[], []]);
    expect(apps.map((app) => app.state().state)).toEqual(["ON", "ON"]);
  });

  test("makes the plug's load draw power, and the energy adds up", () => {
    const app = createPlug();
    app.surround({ loadWatts: 2300 });
    send(app, "genOnOff", "on", {}, 0);
    expect(app.state()).toMatchObject({ power: 2300, current: 10, voltage: 230 });
    send(app, "genOnOff", "off", {}, 3_600_000);
    expect(app.state()).toMatchObject({ power: 0, current: 0, energy: 2.3 });
    app.due(7_200_000);
    expect(app.state()).toMatchObject({ energy: 2.3 });
  });
});

describe("dimming", () => {
  const move = (level: number) => ({ level, transtime: 10, optionsMask: 0, optionsOverride: 0 });

  test("with on/off switches too, and level 0 keeps the level for the next time", () => {
    const app = createLight();
    expect(send(app, "genLevelCtrl", "moveToLevelWithOnOff", move(100))).toMatchObject(success);
    expect(app.state()).toMatchObject({ state: "ON", brightness: 100 });
    send(app, "genLevelCtrl", "moveToLevelWithOnOff", move(0));
    expect(app.state()).toMatchObject({ state: "OFF", brightness: 100 });
  });

  test("without on/off concerns a light that is on, or one told to execute when off", () => {
    const app = createLight();
    send(app, "genLevelCtrl", "moveToLevel", move(50));
    expect(app.state()).toMatchObject({ state: "OFF", brightness: 254 });
    send(app, "genLevelCtrl", "moveToLevel", { ...move(50), optionsMask: 1, optionsOverride: 1 });
    expect(app.state()).toMatchObject({ state: "OFF", brightness: 50 });
    send(app, "genOnOff", "on");
    send(app, "genLevelCtrl", "moveToLevel", move(60));
    expect(app.state()).toMatchObject({ state: "ON", brightness: 60 });
  });
});

test.each([
  [300, 300],
  [1, 160],
  [900, 450],
])("colour temperature %i becomes %i: the light stays within what it can", (colortemp, expected) => {
  const app = createLight();
  send(app, "genOnOff", "on");
  expect(send(app, "lightingColorCtrl", "moveToColorTemp", { colortemp, transtime: 0 })).toMatchObject(success);
  expect(app.state().color_temp).toBe(expected);
});

describe("identify", () => {
  test("counts down and answers a query as long as it lasts", () => {
    const app = createPlug();
    expect(send(app, "genIdentify", "identifyQuery")).toMatchObject(success);
    send(app, "genIdentify", "identify", { identifytime: 3 });
    for (const now of [500, 1000, 1500, 2000]) app.due(now);
    expect(send(app, "genIdentify", "identifyQuery", {}, 2000)).toMatchObject([{ payload: { timeout: 1 } }]);
    app.due(3000);
    const [answer] = parseAll(app.receive(readRequest("genIdentify", "identifyTime"), 3000));
    expect(answer?.payload).toMatchObject([{ attrData: 0 }]);
  });
});

describe("groups", () => {
  test("can be joined, viewed, listed and left", () => {
    const app = createLight();
    expect(send(app, "genGroups", "add", { groupid: 7, groupname: "" })).toMatchObject([
      { command: "addRsp", payload: { status: 0, groupid: 7 } },
    ]);
    expect(app.isInGroup(7)).toBe(true);
    expect(send(app, "genGroups", "view", { groupid: 7 })[0]?.payload).toMatchObject({ status: 0, groupid: 7 });
    expect(send(app, "genGroups", "view", { groupid: 8 })[0]?.payload).toMatchObject({ status: Zcl.Status.NOT_FOUND });
    expect(send(app, "genGroups", "getMembership", { groupcount: 0, grouplist: [] })[0]?.payload).toEqual({
      capacity: 15,
      groupcount: 1,
      grouplist: [7],
    });
    expect(send(app, "genGroups", "getMembership", { groupcount: 1, grouplist: [8] })).toEqual([]);
    expect(send(app, "genGroups", "remove", { groupid: 7 })[0]?.payload).toEqual({ status: 0, groupid: 7 });
    expect(app.isInGroup(7)).toBe(false);
  });

  test("are all left at once", () => {
    const app = createLight();
    for (const groupid of [1, 2]) send(app, "genGroups", "add", { groupid, groupname: "" });
    expect(send(app, "genGroups", "removeAll")).toMatchObject(success);
    expect([1, 2].some((id) => app.isInGroup(id))).toBe(false);
  });

  test("have sixteen places", () => {
    const app = createLight();
    for (let groupid = 1; groupid <= 16; groupid++) send(app, "genGroups", "add", { groupid, groupname: "" });
    const [answer] = send(app, "genGroups", "add", { groupid: 17, groupname: "" });
    expect(answer?.payload).toEqual({ status: Zcl.Status.INSUFFICIENT_SPACE, groupid: 17 });
  });
});

describe("scenes", () => {
  const scene = { groupid: 7, sceneid: 1 };

  test("bring back what was stored", () => {
    const app = createLight();
    send(app, "genGroups", "add", { groupid: 7, groupname: "" });
    send(app, "genLevelCtrl", "moveToLevelWithOnOff", { level: 80, transtime: 0 });
    expect(send(app, "genScenes", "store", scene)).toMatchObject([
      { command: "storeRsp", payload: { status: 0, ...scene } },
    ]);
    send(app, "genOnOff", "off");
    expect(send(app, "genScenes", "recall", scene)).toMatchObject(success);
    expect(app.state()).toMatchObject({ state: "ON", brightness: 80 });
  });

  test("are counted, and go with their group", () => {
    const app = createLight();
    const count = () => parseAll(app.receive(readRequest("genScenes", "count"), 0))[0]?.payload;
    send(app, "genGroups", "add", { groupid: 7, groupname: "" });
    send(app, "genScenes", "store", scene);
    expect(count()).toMatchObject([{ attrData: 1 }]);
    send(app, "genGroups", "remove", { groupid: 7 });
    expect(count()).toMatchObject([{ attrData: 0 }]);
  });

  test("need their group, and are gone when removed", () => {
    const app = createLight();
    expect(send(app, "genScenes", "store", scene)[0]?.payload).toMatchObject({ status: Zcl.Status.INVALID_FIELD });
    send(app, "genGroups", "add", { groupid: 7, groupname: "" });
    send(app, "genScenes", "store", scene);
    expect(send(app, "genScenes", "remove", scene)[0]?.payload).toMatchObject({ status: 0 });
    expect(send(app, "genScenes", "recall", scene)[0]?.payload).toMatchObject({ statusCode: Zcl.Status.NOT_FOUND });
  });
});

test("a factory reset forgets groups, bindings and reporting, not the product", () => {
  const app = createLight();
  app.bind(6, 1);
  const record = { direction: 0, attrId: 0, dataType: 0x10, minRepIntval: 0, maxRepIntval: 60 };
  app.receive(globalRequest("genOnOff", "configReport", [record]), 0);
  send(app, "genGroups", "add", { groupid: 7, groupname: "" });
  expect(send(app, "genBasic", "resetFactDefault")).toMatchObject(success);
  expect(app.isInGroup(7)).toBe(false);
  expect(app.due(3_600_000)).toEqual([]);
  expect(parseAll(app.receive(readRequest("genBasic", "modelId"), 0))[0]?.payload).toMatchObject([
    { attrData: "HK-ZD-CCT-A" },
  ]);
});
