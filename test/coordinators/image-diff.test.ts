import { describe, expect, it } from "vitest";
import { compareImages, comparePartial } from "../../coordinators/image-diff.ts";
import { counterPartial, raiseCounters } from "../../coordinators/frame-counters.ts";
import { blankImage, formedImage, SAMPLE_KEY, withItem } from "../support/nvram-builder.ts";

const image = formedImage();

describe("comparing what was written with what was read back", () => {
  it("finds nothing in equal images", () => {
    expect(compareImages(image, formedImage())).toEqual([]);
  });

  it("names items, never values", () => {
    const other = formedImage({ key: "ee".repeat(16), frameCounter: 1, devices: [] });
    const differences = compareImages(image, other);
    expect(differences).toContainEqual({ item: "NWK_ACTIVE_KEY_INFO", kind: "differs" });
    expect(differences).toContainEqual({ item: "NWK_SEC_MATERIAL_TABLE 0x0000", kind: "differs" });
    expect(differences).toContainEqual({ item: "TCLK_TABLE 0x0001", kind: "missing" });
    expect(JSON.stringify(differences)).not.toMatch(new RegExp(`${SAMPLE_KEY}|eeee`));
  });

  it("sees a row that should not be there", () => {
    expect(compareImages(formedImage({ devices: [] }), image)).toContainEqual({
      item: "TCLK_TABLE 0x0000",
      kind: "unexpected",
    });
  });

  it("sees an item that was not taken", () => {
    expect(compareImages(image, withItem(image, "LEGACY", "TCLK_SEED", undefined))).toEqual([
      { item: "TCLK_SEED", kind: "missing" },
    ]);
  });

  it.each([
    ["the start option, taken back at reset", withItem(image, "LEGACY", "STARTUP_OPTION", "03")],
    ["the window onto the poll rate", withItem(image, "LEGACY", "POLL_RATE_OLD16", "b80b")],
    ["the firmware's own defaults", withItem(image, "LEGACY", "NWK_CHILD_AGE_ENABLE", "00")],
    ["longer empty tables", withItem(image, "TCLK_TABLE", "0x0040", `${"00".repeat(16)}ff000000`)],
    ["an empty row of other bytes", withItem(image, "ADDRMGR", "0x0001", "00".repeat(12))],
    ["an empty row that is gone", withItem(image, "NWK_SEC_MATERIAL_TABLE", "0x0003", undefined)],
  ])("tolerates %s", (_what, readBack) => {
    expect(compareImages(image, readBack)).toEqual([]);
  });

  it("tolerates that a link key's counter jumps ahead at a boot, never that it falls or that anything else changes", () => {
    const raised = (device: { tx?: number; rx?: number }, legacyTables = false): readonly unknown[] => {
      const devices = [{ ieee: "0x05", tx: 500, rx: 70 }];
      const readBack = formedImage({ devices: [{ ieee: "0x05", tx: 500, rx: 70, ...device }], legacyTables });
      return compareImages(formedImage({ devices, legacyTables }), readBack);
    };
    expect(raised({ tx: 511 })).toEqual([]);
    expect(raised({ tx: 511 }, true)).toEqual([]);
    expect(raised({ tx: 499 })).toEqual([{ item: "TCLK_TABLE 0x0000", kind: "differs" }]);
    expect(raised({ tx: 5_000 })).toEqual([{ item: "TCLK_TABLE 0x0000", kind: "differs" }]);
    expect(raised({ tx: 511, rx: 71 })).toEqual([{ item: "TCLK_TABLE 0x0000", kind: "differs" }]);
    expect(compareImages(formedImage({ frameCounter: 1 }), formedImage({ frameCounter: 12 }))).toContainEqual({
      item: "NWK_SEC_MATERIAL_TABLE 0x0000",
      kind: "differs",
    });
  });

  it("looks only at the items of a partial write", () => {
    const raised = raiseCounters(image, { network: 90_000, linkKeys: 90_000 });
    expect(comparePartial(counterPartial(raised), raised)).toEqual([]);
    expect(comparePartial(counterPartial(raised), image).map(({ item }) => item)).toContain(
      "NWK_SEC_MATERIAL_TABLE 0x0000",
    );
    expect(comparePartial(counterPartial(image), blankImage()).every(({ kind }) => kind !== "unexpected")).toBe(true);
  });
});
