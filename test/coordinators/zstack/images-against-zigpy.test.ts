import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterPartial, raiseCounters } from "../../../coordinators/frame-counters.ts";
import { compareImages } from "../../../coordinators/image-diff.ts";
import { isBlank, readNetwork } from "../../../coordinators/network.ts";
import type { NvramImage } from "../../../coordinators/nvram-image.ts";
import { SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE } from "../../support/nvram-builder.ts";
import { homeImage, HOME_DEVICES } from "./support/home-image.ts";
import { Sticks } from "./support/sticks.ts";

let sticks: Sticks;
beforeAll(async () => {
  sticks = await Sticks.start();
});
afterAll(() => sticks.stop());

type Plugged = Awaited<ReturnType<Sticks["plugIn"]>>;

/** What two programs that read the same network must agree on. */
function withoutAuthor(backup: string): unknown {
  const { metadata: _author, ...network } = JSON.parse(backup) as Record<string, unknown>;
  return network;
}

describe("our driver and zigpy-znp read and write the same", () => {
  let stick: Plugged;
  let whole: NvramImage;

  it("blank: every item and row", async () => {
    stick = await sticks.plugIn("a", "00124b00000000a1");
    const ours = await stick.coordinator.dump();
    expect(isBlank(ours)).toBe(true);
    expect(await stick.zigpy.dump()).toEqual(ours);
  });

  it("written by zigpy-znp, read by us", async () => {
    await stick.zigpy.replace(homeImage());
    whole = await stick.zigpy.dump();
    expect(await stick.coordinator.dump()).toEqual(whole);
    expect(readNetwork(whole)).toMatchObject({ formed: true, coordinatorIeee: SAMPLE_IEEE });
  });

  it("written by us, read by zigpy-znp", async () => {
    const other = await sticks.plugIn("b", "00124b00000000b2");
    await other.coordinator.replace(whole);
    const theirs = await other.zigpy.dump();
    expect(compareImages(whole, theirs)).toEqual([]);
    expect(await other.coordinator.dump()).toEqual(theirs);

    const raised = raiseCounters(whole, { network: 200_000, linkKeys: 100_000 });
    await other.coordinator.write(counterPartial(raised));
    expect(compareImages(raised, await other.zigpy.dump())).toEqual([]);
  });

  it("as a backup: the same network, devices, keys and counters", async () => {
    const ours = await stick.coordinator.backup();
    expect(withoutAuthor(ours)).toEqual(withoutAuthor(await stick.zigpy.backup()));
    expect(JSON.parse(ours)).toMatchObject({
      coordinator_ieee: SAMPLE_IEEE.slice(2),
      extended_pan_id: SAMPLE_EXTENDED_PAN_ID.slice(2),
      devices: HOME_DEVICES.map(({ ieee }) => ({ ieee_address: ieee.slice(2) })),
    });
  });
});
