import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { judgeBeacons } from "../../coordinators/beacons.ts";
import { compareImages } from "../../coordinators/image-diff.ts";
import { parseBeacons } from "../../coordinators/scan.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import { Air } from "../../lab/air/air.ts";
import { Dongle } from "../../lab/coordinator/dongle.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage, SAMPLE_EXTENDED_PAN_ID } from "../support/nvram-builder.ts";
import { holdPort, startStack } from "../support/serial-port.ts";
import { plugUnder, pull } from "../support/stick-link.ts";

const PYTHON = join(import.meta.dirname, "../../.cache/python/bin/python");
const host = localHost();
const ours = { panId: 0x4402, extendedPanId: SAMPLE_EXTENDED_PAN_ID, channel: 15 };
const LINE =
  "1763700000.12 [EPID: 11:22:33:44:55:66:77:88, PID: 0x4402, from: 0x0000]: Channel=15 PermitJoins=0 RtrCapacity=1 DevCapacity=1 ProtoVer=2 StackProf=2 Depth=  0 UpdateId= 3 LQI=200";

describe("what the tool prints", () => {
  it("is a station a line", () => {
    const router = LINE.replace("0x0000", "0xA1B2").replace("0x4402", "0x44FF");
    expect(parseBeacons(`${LINE}\n${router}\n`)).toEqual([
      { source: 0, panId: 0x4402, extendedPanId: SAMPLE_EXTENDED_PAN_ID, channel: 15 },
      { source: 0xa1b2, panId: 0x44ff, extendedPanId: SAMPLE_EXTENDED_PAN_ID, channel: 15 },
    ]);
    expect(parseBeacons("")).toEqual([]);
  });

  it("is not understood where a line is anything else: it might be the one that matters", () => {
    expect(parseBeacons(`${LINE}\nhello\n`)).toBeUndefined();
    expect(parseBeacons(LINE.replace("from:", "by:"))).toBeUndefined();
  });
});

describe("who of a network answered", () => {
  const beacon = (source: number, panId = ours.panId, extendedPanId = ours.extendedPanId) => ({
    source,
    panId,
    extendedPanId,
    channel: 15,
  });

  it("is a coordinator where one of either name of the network answers from 0x0000", () => {
    expect(judgeBeacons([beacon(0)], ours).coordinator).toBe(true);
    expect(judgeBeacons([beacon(0, 0x1111)], ours).coordinator).toBe(true);
    expect(judgeBeacons([beacon(0, ours.panId, "0x8877665544332211")], ours).coordinator).toBe(true);
    expect(judgeBeacons([beacon(0, 0x1111, "0x8877665544332211")], ours).coordinator).toBe(false);
  });

  it("is no coordinator where only routers do, each counted once", () => {
    const foreign = beacon(7, 0x1111, "0x8877665544332211");
    expect(judgeBeacons([beacon(5), beacon(6), beacon(5), foreign], ours)).toEqual({ coordinator: false, routers: 2 });
  });
});

describe("a stick that listens with real zigpy-znp", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let air: Air;
  let dongles: Dongle[];

  beforeEach(() => {
    directory = temporaryDirectory();
    air = new Air();
    dongles = [];
  });
  afterEach(async () => {
    for (const dongle of dongles) await dongle.unplug();
    directory.remove();
  });

  async function plugIn(name: string, hardwareIeee: string) {
    const stateFile = join(directory.path, `${name}.json`);
    const dongle = new Dongle({ name, hardwareIeee, stateFile, timing: "off", air });
    dongles.push(dongle);
    const port = await plugUnder(join(directory.path, name), dongle);
    return { dongle, port, coordinator: zigpyCoordinator(host, { port, python: PYTHON }) };
  }

  it("hears the active one's network, and keeps its own to itself", async () => {
    const active = await plugIn("a", "00124b00000000a1");
    await active.coordinator.replace(formedImage());
    await startStack(active.port);
    const standby = await plugIn("b", "00124b00000000b2");
    await standby.coordinator.replace(formedImage());
    const before = await standby.coordinator.dump();

    const heard = await standby.coordinator.listen(15);
    expect(heard).toEqual([{ source: 0, ...ours }]);
    expect(standby.dongle.inspect()).toMatchObject({ onAir: false, deviceState: 0 });
    air.loseBeacons(7);
    expect(await standby.coordinator.listen(15)).toEqual(heard);

    await active.coordinator.silence();
    expect(await standby.coordinator.listen(15)).toEqual([]);
    // Z-Stack raises the link keys' counters at each reset.
    expect(compareImages(before, await standby.coordinator.dump())).toEqual([]);
    expect(air.doubleActiveMs()).toBe(0);
  });

  it("is silenced by listening where something had left it on the air", async () => {
    const { coordinator, port, dongle } = await plugIn("b", "00124b00000000b2");
    await coordinator.replace(formedImage());
    await startStack(port);
    expect(await coordinator.listen(15)).toEqual([]);
    expect(dongle.onAir).toBe(false);
  });

  it("says why it cannot", async () => {
    const { coordinator, port, dongle } = await plugIn("b", "00124b00000000b2");
    const release = await holdPort(port);
    await expect(coordinator.listen(15)).rejects.toMatchObject({ id: "COORDINATOR_BUSY" });
    await release();
    const bare = zigpyCoordinator(host, { port, python: "/usr/bin/python3" });
    await expect(bare.listen(15)).rejects.toMatchObject({ id: "COORDINATOR_TOOL_MISSING" });
    await pull(port, dongle);
    await expect(coordinator.listen(15)).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
  });
});
