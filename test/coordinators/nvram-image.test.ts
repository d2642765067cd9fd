import { describe, expect, it } from "vitest";
import { UnderstudyError } from "../../model/errors.ts";
import { hashNvramImage, parseNvramImage, serializeNvramImage } from "../../coordinators/nvram-image.ts";
import { formedImage, SAMPLE_KEY } from "../support/nvram-builder.ts";

describe("an NVRAM image", () => {
  it("survives being written and read", () => {
    const image = formedImage();
    expect(parseNvramImage(serializeNvramImage(image))).toEqual(image);
  });

  it("has one text and one hash, whatever the order of its items", () => {
    const image = formedImage();
    const reversed = Object.fromEntries(
      Object.entries(image)
        .toReversed()
        .map(([table, items]) => [table, Object.fromEntries(Object.entries(items).toReversed())]),
    );
    const other = parseNvramImage(JSON.stringify(reversed).replaceAll(SAMPLE_KEY, SAMPLE_KEY.toUpperCase()));
    expect(serializeNvramImage(other)).toBe(serializeNvramImage(image));
    expect(hashNvramImage(other)).toBe(hashNvramImage(image));
  });

  it("names the mark 'configured' last among the items that are written first", () => {
    const text = serializeNvramImage(formedImage());
    expect(Object.keys(JSON.parse(text).LEGACY).at(-1)).toBe("HAS_CONFIGURED_ZSTACK3");
  });

  it.each([
    ["nothing", ""],
    ["half a file", serializeNvramImage(formedImage()).slice(0, 500)],
    ["another JSON", JSON.stringify({ key: SAMPLE_KEY })],
    ["a value that is not hex", JSON.stringify({ LEGACY: { NIB: "0" } })],
    ["a row without a number", JSON.stringify({ LEGACY: {}, TCLK_TABLE: { [SAMPLE_KEY]: "00" } })],
    ["a table with a strange name", JSON.stringify({ LEGACY: {}, "../x": { "0x0000": "00" } })],
  ])("refuses %s and shows nothing of it", (_what, text) => {
    const error = caught(() => parseNvramImage(text));
    expect(error.id).toBe("COORDINATOR_UNREADABLE");
    expect(JSON.stringify([error.message, error.what, error.cause])).not.toContain(SAMPLE_KEY);
  });
});

function caught(body: () => unknown): UnderstudyError {
  try {
    body();
  } catch (error) {
    if (error instanceof UnderstudyError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
