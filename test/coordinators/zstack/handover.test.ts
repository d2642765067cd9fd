import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judgeStick } from "../../../coordinators/admission.ts";
import { counterPartial, highestCounters, nextCounters, raiseCounters } from "../../../coordinators/frame-counters.ts";
import { compareImages } from "../../../coordinators/image-diff.ts";
import { isBlank, readNetwork } from "../../../coordinators/network.ts";
import { namesOf, pick } from "../../../coordinators/item-names.ts";
import { formedImage, SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE } from "../../support/nvram-builder.ts";
import { holdPort, startStack } from "../../support/serial-port.ts";
import { homeImage } from "./support/home-image.ts";
import { Sticks } from "./support/sticks.ts";

const network = { coordinatorIeee: SAMPLE_IEEE, extendedPanId: SAMPLE_EXTENDED_PAN_ID };
const ours = { panId: 0x4402, extendedPanId: SAMPLE_EXTENDED_PAN_ID, channel: 15 };
const nobody = { enrolled: false, dirty: false };

let sticks: Sticks;
beforeAll(async () => {
  sticks = await Sticks.start();
});
afterAll(() => sticks.stop());

describe("a coordinator over its node's SSH connection", () => {
  it("hands its network over: silenced, read, written with raised counters, and compared", async () => {
    const active = await sticks.plugIn("a", "00124b00000000a1");
    await active.coordinator.replace(homeImage());
    await startStack(active.port);
    expect(active.dongle.onAir).toBe(true);

    expect(await active.coordinator.silence()).toEqual({ resetSeen: true, deviceState: 0 });
    expect(active.dongle.onAir).toBe(false);
    const image = await active.coordinator.dump();
    expect(readNetwork(image)).toMatchObject({ formed: true, ...network, ...ours, keyedDevices: 3 });

    const standby = await sticks.plugIn("b", "00124b00000000b2");
    const found = await standby.coordinator.dump();
    expect(isBlank(found)).toBe(true);
    expect(judgeStick(found, network, nobody)).toMatchObject({ allowed: false, ask: true });
    const target = nextCounters({
      dumps: [image],
      highestKnown: { network: 0, linkKeys: 0 },
      ageMs: 0,
      ratePerSecond: 0,
      margin: 500,
    });
    await standby.coordinator.replace(raiseCounters(image, target));
    expect(standby.dongle.inspect()).toMatchObject({
      onAir: false,
      configured: true,
      ieee: SAMPLE_IEEE.slice(2),
      keyFingerprint: active.dongle.inspect().keyFingerprint,
      nvCounter: (active.dongle.inspect().nvCounter ?? 0) + 1_500,
    });

    await startStack(standby.port);
    expect(sticks.air.onAir()).toEqual(["b"]);
    expect(sticks.air.doubleActiveMs()).toBe(0);
    expect(sticks.air.counterViolations).toEqual([]);
    await standby.coordinator.silence();
  });

  it("takes counters alone, keeps everything else, and writes nothing that it holds already", async () => {
    const { coordinator, dongle } = await sticks.plugIn("c", "00124b00000000c3");
    await coordinator.replace(formedImage({ anyNetworkCounter: 7_000 }));
    const before = await coordinator.dump();
    const raised = raiseCounters(before, { network: 200_000, linkKeys: 100_000 });
    const counters = counterPartial(raised);
    expect(await coordinator.compare(counters)).not.toEqual([]);
    await coordinator.write(counters);
    expect(await coordinator.compare(counters)).toEqual([]);
    const after = await coordinator.dump();
    expect(highestCounters(after)).toMatchObject({ network: 200_000 });
    expect(highestCounters(after).linkKeys).toBeGreaterThanOrEqual(100_000);
    expect(compareImages(raised, after)).toEqual([]);
    expect(await coordinator.read(namesOf(counters))).toEqual(pick(after, namesOf(counters)));

    // The first write to its flash from here on would fail.
    dongle.failWriteAfter(1);
    await coordinator.write(counters);
    await coordinator.replace(after);
    await expect(coordinator.write(counterPartial(before))).rejects.toMatchObject({ id: "COORDINATOR_WRITE_FAILED" });
  });

  it("takes another network in place of the one it holds, with nothing left of that", async () => {
    const { coordinator } = await sticks.plugIn("d", "00124b00000000d4");
    const other = { ...homeImage(), LEGACY: { ...homeImage().LEGACY, ZIGPY_ZNP_MIGRATION_ID: "01" } };
    await coordinator.replace(other);
    const image = formedImage({ ieee: "0x00124b0011223344", extendedPanId: "0x8877665544332211" });
    await coordinator.replace(image);
    const found = await coordinator.dump();
    expect(compareImages(image, found)).toEqual([]);
    expect(found.LEGACY["ZIGPY_ZNP_MIGRATION_ID"]).toBeUndefined();
  });

  it("listens for others without being on the air itself", async () => {
    const active = await sticks.plugIn("e", "00124b00000000e5");
    await active.coordinator.replace(formedImage());
    await startStack(active.port);
    const standby = await sticks.plugIn("f", "00124b00000000f6");
    await standby.coordinator.replace(formedImage());
    const before = await standby.coordinator.dump();
    expect(await standby.coordinator.listen(15)).toEqual([{ source: 0, ...ours }]);
    sticks.air.loseBeacons(7);
    expect(await standby.coordinator.listen(15)).toEqual([{ source: 0, ...ours }]);
    expect(await standby.coordinator.listen(20)).toEqual([]);
    await active.coordinator.silence();
    expect(await standby.coordinator.listen(15)).toEqual([]);
    expect(compareImages(before, await standby.coordinator.dump())).toEqual([]);
    expect(sticks.air.doubleActiveMs()).toBe(0);
  });

  it("that its host started is silenced by listening, too", async () => {
    const { coordinator, dongle, port } = await sticks.plugIn("g", "00124b0000000017");
    await coordinator.replace(formedImage());
    await startStack(port);
    expect(await coordinator.listen(15)).toEqual([]);
    expect(dongle.onAir).toBe(false);
  });

  it("on the network works alike, through the node", async () => {
    const dongle = sticks.dongle("n", "00124b0000000018");
    const { port } = await dongle.listenTcp(0);
    const { coordinator } = sticks.drivers(`tcp://127.0.0.1:${port}`);
    await coordinator.replace(homeImage());
    expect(await coordinator.silence()).toMatchObject({ resetSeen: true });
    expect(readNetwork(await coordinator.dump())).toMatchObject(network);
    await dongle.unplug();
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
  });

  it("that another program holds is left alone", async () => {
    const { coordinator, port } = await sticks.plugIn("h", "00124b0000000019");
    const release = await holdPort(port);
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_BUSY", node: "node" });
    await expect(coordinator.silence()).rejects.toMatchObject({ id: "COORDINATOR_BUSY" });
    await release();
    expect(isBlank(await coordinator.dump())).toBe(true);
  });
});
