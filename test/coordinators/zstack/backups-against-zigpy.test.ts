import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restorableBackup } from "../../../coordinators/open-backup.ts";
import { readNetwork } from "../../../coordinators/network.ts";
import { SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE } from "../../support/nvram-builder.ts";
import { homeImage, HOME_DEVICES } from "./support/home-image.ts";
import { Sticks } from "./support/sticks.ts";

let sticks: Sticks;
beforeAll(async () => {
  sticks = await Sticks.start();
});
afterAll(() => sticks.stop());

/** What two programs that read the same network must agree on. */
function withoutAuthor(backup: string): unknown {
  const { metadata: _author, ...network } = JSON.parse(backup) as Record<string, unknown>;
  return network;
}

describe("a backup", () => {
  const counters = { network: 300_000, linkKeys: 50_000 };

  it("of ours is restored by zigpy-znp, and of zigpy-znp by us, on a blank stick", async () => {
    const source = await sticks.plugIn("c", "00124b00000000c3");
    await source.coordinator.replace(homeImage());
    const backup = restorableBackup(await source.coordinator.backup(), counters);

    const theirs = await sticks.plugIn("d", "00124b00000000d4");
    const zigpys = await theirs.zigpy.restore(backup);
    const ours = await sticks.plugIn("e", "00124b00000000e5");
    const image = await ours.coordinator.restore(backup);
    expect(ours.dongle.onAir).toBe(false);
    expect(await ours.zigpy.dump()).toEqual(image);

    expect(readNetwork(image)).toMatchObject({
      formed: true,
      coordinatorIeee: SAMPLE_IEEE,
      keyedDevices: HOME_DEVICES.filter(({ key }) => key !== "none").length,
    });
    expect(withoutAuthor(await ours.zigpy.backup())).toEqual(withoutAuthor(await ours.coordinator.backup()));
    expect(networkOf(await ours.coordinator.backup())).toEqual(networkOf(await theirs.zigpy.backup()));
    expect(networkOf(await ours.coordinator.backup())).toEqual(networkOf(backup));
    expect(readNetwork(zigpys)).toMatchObject({ formed: true });
  });

  it("of the network that a stick holds already is written without going on the air", async () => {
    const stick = await sticks.plugIn("f", "00124b00000000f6");
    await stick.coordinator.replace(homeImage());
    const before = sticks.air.otherNetworks(SAMPLE_EXTENDED_PAN_ID.slice(2)).length;
    const backup = JSON.parse(await stick.coordinator.backup()) as { devices: unknown[] };
    backup.devices = backup.devices.slice(1);
    const changed = restorableBackup(JSON.stringify(backup), counters);
    await stick.coordinator.restore(changed);
    expect(sticks.air.otherNetworks(SAMPLE_EXTENDED_PAN_ID.slice(2)).length).toBe(before);
    expect(networkOf(await stick.zigpy.backup())).toEqual(networkOf(changed));

    // Older than what the stick holds: nothing falls, so there is nothing to write, and the first write would fail.
    const held = await stick.coordinator.dump();
    stick.dongle.failWriteAfter(1);
    const older = restorableBackup(JSON.stringify(backup), { network: 0, linkKeys: 0 });
    expect(await stick.coordinator.restore(older)).toEqual(held);
  });
});

/** Everything of a backup but whose child a device is by now, and counters of link keys, which every boot raises. */
function networkOf(backup: string): unknown {
  const { metadata: _author, ...network } = JSON.parse(backup) as {
    metadata: unknown;
    devices: { link_key?: { tx_counter: number } }[];
  };
  return {
    ...network,
    devices: network.devices.map((device) => ({
      ...device,
      ...(device.link_key ? { link_key: { ...device.link_key, tx_counter: undefined } } : {}),
    })),
  };
}
