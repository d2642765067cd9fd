import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isBlank, readNetwork, type FormedNetwork } from "../../coordinators/network.ts";
import type { NvramImage } from "../../coordinators/nvram-image.ts";
import {
  blankImage,
  formedImage,
  SAMPLE_EXTENDED_PAN_ID,
  SAMPLE_IEEE,
  SAMPLE_KEY,
  withItem,
} from "../support/nvram-builder.ts";

describe("reading the network of an image", () => {
  it.each([true, false])("finds it in the layout of both kinds of chips (aligned: %s)", (aligned) => {
    const network = formed(formedImage({ aligned, panId: 0x1a63, channel: 25, keySequence: 2, frameCounter: 123_456 }));
    expect(network).toMatchObject({
      coordinatorIeee: SAMPLE_IEEE,
      extendedPanId: SAMPLE_EXTENDED_PAN_ID,
      panId: 0x1a63,
      channel: 25,
      channelMask: 1 << 25,
      updateId: 3,
      keySequence: 2,
      tclkEntries: 2,
      keyedDevices: 2,
    });
    expect(network.nwkFrameCounters.map(({ value }) => value)).toContain(123_456);
  });

  it("counts devices of either kind of link key", () => {
    const network = formed(formedImage({ apsKeys: [{ key: "ab".repeat(16), tx: 1, rx: 2 }] }));
    expect(network.keyedDevices).toBe(3);
    expect(network.tclkEntries).toBe(2);
  });

  it("reads the rows of Z-Stack 3.0.x, which stand among the legacy items", () => {
    const network = formed(formedImage({ legacyTables: true, frameCounter: 900 }));
    expect(network.keyedDevices).toBe(2);
    expect(network.nwkFrameCounters).toContainEqual({
      item: "LEGACY LEGACY_NWK_SEC_MATERIAL_TABLE_START+0",
      value: 900,
    });
  });

  it("compares keys without ever printing them", () => {
    const { networkKey } = formed(formedImage());
    const same = formed(formedImage({ panId: 7 })).networkKey;
    const other = formed(formedImage({ key: "ee".repeat(16) })).networkKey;
    expect(networkKey.equals(same)).toBe(true);
    expect(networkKey.equals(other)).toBe(false);
    expect(networkKey.fingerprint()).not.toBe(other.fingerprint());
    expect(networkKey.reveal().toString("hex")).toBe(SAMPLE_KEY);
    const printed = [
      String(networkKey),
      JSON.stringify({ networkKey }),
      inspect({ networkKey }, { showHidden: true, depth: 9 }),
    ].join();
    expect(printed).not.toMatch(/0f1e2d3c|15,\s*30,\s*45|0f 1e 2d/);
  });

  it.each([
    ["a blank stick", blankImage()],
    ["a stick without the mark", withItem(formedImage(), "LEGACY", "HAS_CONFIGURED_ZSTACK3", undefined)],
    ["a stick without a NIB", withItem(formedImage(), "LEGACY", "NIB", undefined)],
    ["a NIB of unknown length", withItem(formedImage(), "LEGACY", "NIB", "00".repeat(100))],
    ["a stick without its key", withItem(formedImage(), "LEGACY", "NWK_ACTIVE_KEY_INFO", "00".repeat(17))],
  ])("calls %s not formed", (_what, image) => {
    expect(readNetwork(image).formed).toBe(false);
  });
});

describe("a blank stick", () => {
  it("has no mark and no network", () => {
    expect(isBlank(blankImage())).toBe(true);
  });

  it.each([
    ["holds a network", formedImage()],
    ["holds one that another program formed", withItem(formedImage(), "LEGACY", "HAS_CONFIGURED_ZSTACK3", undefined)],
    ["is marked, but has no network yet", withItem(blankImage(), "LEGACY", "HAS_CONFIGURED_ZSTACK3", "55")],
    ["has a NIB that cannot be read", withItem(blankImage(), "LEGACY", "NIB", "00".repeat(100))],
  ])("is not one that %s", (_what, image) => {
    expect(isBlank(image)).toBe(false);
  });
});

function formed(image: NvramImage): FormedNetwork {
  const network = readNetwork(image);
  if (!network.formed) throw new Error("not formed");
  return network;
}
