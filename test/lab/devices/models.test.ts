import { afterEach, describe, expect, test } from "vitest";
import { clearGlobalStore, findByDevice } from "zigbee-herdsman-converters";
import { createLight, createPlug, createSensor, type EmulatedDevice } from "../../../lab/devices/index.ts";
import { HerdsmanLink } from "./herdsman-link.ts";
import { clusterRequest, parseAll } from "./requests.ts";

const products: {
  name: string;
  create: () => EmulatedDevice;
  vendor: string;
  model: string;
  type: string;
  power: string;
}[] = [
  {
    name: "light",
    create: createLight,
    vendor: "Sunricher",
    model: "HK-ZD-CCT-A",
    type: "Router",
    power: "Mains (single phase)",
  },
  { name: "plug", create: createPlug, vendor: "Innr", model: "SP 240", type: "Router", power: "Mains (single phase)" },
  {
    name: "sensor",
    create: createSensor,
    vendor: "eWeLink",
    model: "CK-TLSR8656-SS5-02(7014)",
    type: "EndDevice",
    power: "Battery",
  },
];

afterEach(() => clearGlobalStore());

/** The whole of what Zigbee2MQTT does with a new device: interview, find its definition, configure it. */
async function setUp(app: EmulatedDevice) {
  const link = new HerdsmanLink(app);
  await link.device.interview();
  const definition = await findByDevice(link.device);
  if (!definition) throw new Error("no definition");
  await definition.configure?.(link.device, link.coordinatorEndpoint, definition);
  return { link, definition };
}

describe.each(products)("the $name", ({ create, vendor, model, type, power }) => {
  test("is a product that Zigbee2MQTT supports, not one that it guesses", async () => {
    const { link, definition } = await setUp(create());
    expect(definition).toMatchObject({ vendor, model });
    expect(definition.generated ?? false).toBe(false);
    expect(link.device).toMatchObject({ type, powerSource: power, interviewState: "SUCCESSFUL" });
  });

  test("answers each question of the interview and of configure with success", async () => {
    const { link } = await setUp(create());
    expect(link.refusals).toEqual([]);
    expect(link.device.genBasic).toMatchObject({ zclVersion: 3, appVersion: 1, stackVersion: 2, hwVersion: 1 });
    expect(link.device.dateCode).toMatch(/^\d{8}$/);
    expect(link.device.softwareBuildID).toMatch(/^\d/);
  });
});

test("Zigbee2MQTT knows the light's colour temperatures", async () => {
  const { link } = await setUp(createLight());
  const values = link.device.getEndpoint(1)?.clusters.lightingColorCtrl?.attributes;
  expect(values).toMatchObject({ colorTempPhysicalMin: 160, colorTempPhysicalMax: 450, colorCapabilities: 16 });
});

test.each([
  ["light", createLight],
  ["plug", createPlug],
] as const)("a configured %s reports a change at once, after its answer", async (_name, create) => {
  const app = create();
  await setUp(app);
  const [answer, ...reports] = parseAll(app.receive(clusterRequest("genOnOff", "on"), 1000));
  expect(answer).toMatchObject({ command: "defaultRsp", payload: { statusCode: 0 } });
  expect(reports).toContainEqual({
    cluster: "genOnOff",
    command: "report",
    payload: [{ attrId: 0, dataType: 0x10, attrData: 1 }],
  });
});

test("a configured plug reports what its load draws, ten seconds later", async () => {
  const app = createPlug();
  await setUp(app);
  app.receive(clusterRequest("genOnOff", "on"), 1000);
  expect(app.due(9999)).toEqual([]);
  const [report] = parseAll(app.due(10_000));
  expect(report).toMatchObject({ cluster: "haElectricalMeasurement", command: "report" });
  expect(report?.payload.map(({ attrData }: { attrData: number }) => attrData).sort()).toEqual([200, 46]);
});

test("a configured sensor reports each measurement by itself", async () => {
  const app = createSensor();
  await setUp(app);
  const clusters = (frames: ReturnType<typeof app.due>) => parseAll(frames).map(({ cluster }) => cluster);
  expect(clusters(app.due(9000))).toEqual([]);
  expect(clusters(app.due(10_000))).toEqual(["msTemperatureMeasurement", "msRelativeHumidity"]);
  expect(clusters(app.due(15_000))).toEqual([]);
  expect(clusters(app.due(20_000))).toEqual(["msTemperatureMeasurement", "msRelativeHumidity"]);
});
