import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counterItems } from "../../coordinators/counter-items.ts";
import {
  counterPartial,
  HIGHEST_COUNTER,
  highestCounters,
  nextCounters,
  raiseCounters,
} from "../../coordinators/frame-counters.ts";
import type { NvramImage } from "../../coordinators/nvram-image.ts";
import { blankImage, formedImage, withItem } from "../support/nvram-builder.ts";

const counter = fc.integer({ min: 0, max: HIGHEST_COUNTER });
const target = fc.record({ network: counter, linkKeys: counter });
const device = fc.record({
  ieee: fc.bigInt({ min: 1n, max: (1n << 64n) - 2n }).map((value) => `0x${value.toString(16).padStart(16, "0")}`),
  tx: counter,
  rx: counter,
});
const apsKey = fc.record({ key: fc.stringMatching(/^[1-9a-e]{32}$/), tx: counter, rx: counter });
const image = fc
  .record({
    frameCounter: counter,
    anyNetworkCounter: fc.option(counter, { nil: undefined }),
    devices: fc.array(device, { maxLength: 4 }),
    apsKeys: fc.array(apsKey, { maxLength: 3 }),
    aligned: fc.boolean(),
    legacyTables: fc.boolean(),
  })
  .map(formedImage);

describe("I3: outgoing frame counters only grow", () => {
  it("never lowers one, reaches the target, and stays there when done again", () => {
    fc.assert(
      fc.property(image, target, (before, aim) => {
        const after = raiseCounters(before, aim);
        const old = counterItems(before);
        const raised = counterItems(after);
        expect(raised.map(({ table, key }) => `${table} ${key}`)).toEqual(
          old.map(({ table, key }) => `${table} ${key}`),
        );
        raised.forEach((item, index) => {
          expect(item.value).toBe(
            Math.max(old[index]?.value ?? 0, item.kind === "network" ? aim.network : aim.linkKeys),
          );
        });
        expect(raiseCounters(after, aim)).toEqual(after);
      }),
    );
  });

  it("touches nothing else", () => {
    fc.assert(
      fc.property(image, target, (before, aim) => {
        expect(masked(raiseCounters(before, aim))).toEqual(masked(before));
      }),
    );
  });

  it("raises the entries for this network and for any network, not another network's", () => {
    const foreign = `d2040000${"99".repeat(8)}`;
    const before = withItem(formedImage({ anyNetworkCounter: 5 }), "NWK_SEC_MATERIAL_TABLE", "0x0001", foreign);
    const after = raiseCounters(before, { network: 0x01020304, linkKeys: 0 });
    expect(after["NWK_SEC_MATERIAL_TABLE"]).toMatchObject({
      "0x0000": "040302018877665544332211",
      "0x0001": foreign,
      "0x0004": `04030201${"ff".repeat(8)}`,
    });
    expect(after.LEGACY["NWKKEY"]).toMatch(/04030201$/);
  });

  it("leaves incoming counters alone: they belong to the devices", () => {
    const after = raiseCounters(formedImage({ devices: [{ ieee: "0x01", tx: 1, rx: 77 }] }), {
      network: 1,
      linkKeys: 0x500,
    });
    expect(after["TCLK_TABLE"]?.["0x0000"]).toMatch(/^000500004d000000/);
  });

  it.each([
    ["a blank stick", blankImage()],
    [
      "a network whose counter is missing",
      withItem(formedImage(), "NWK_SEC_MATERIAL_TABLE", "0x0000", "00".repeat(12)),
    ],
  ])("refuses %s, which would begin again at zero", (_what, unusable) => {
    expect(() => raiseCounters(unusable, { network: 1, linkKeys: 1 })).toThrow(
      expect.objectContaining({ id: "COORDINATOR_UNREADABLE" }),
    );
  });
});

describe("the counters to write next", () => {
  const none = { network: 0, linkKeys: 0 };

  it("are the highest of all that is known, plus what Z-Stack keeps in RAM, age times rate, and the margin", () => {
    const dumps = [
      formedImage({ frameCounter: 5_000 }),
      formedImage({ frameCounter: 9_000, devices: [{ ieee: "0x01", tx: 60, rx: 0 }] }),
    ];
    const next = nextCounters({
      dumps,
      highestKnown: { network: 8_000, linkKeys: 4_000 },
      ageMs: 90_000,
      ratePerSecond: 1.5,
      margin: 200,
    });
    expect(next).toEqual({ network: 9_000 + 1_000 + 135 + 200, linkKeys: 4_000 + 1_000 + 135 + 200 });
  });

  it("exceed everything that is known, whatever it is", () => {
    const small = fc.nat(1_000_000);
    fc.assert(
      fc.property(fc.array(image, { maxLength: 3 }), small, small, small, (dumps, known, ageMs, margin) => {
        fc.pre(dumps.every((dump) => Math.max(...Object.values(highestCounters(dump))) < HIGHEST_COUNTER - 3_000_000));
        const next = nextCounters({
          dumps,
          highestKnown: { network: known, linkKeys: known },
          ageMs,
          ratePerSecond: 0.5,
          margin,
        });
        for (const seen of [...dumps.map(highestCounters), { network: known, linkKeys: known }]) {
          expect(next.network).toBeGreaterThanOrEqual(seen.network + 1_000);
          expect(next.linkKeys).toBeGreaterThanOrEqual(seen.linkKeys + 1_000);
        }
      }),
    );
  });

  it("do not fall when a clock jumped back", () => {
    expect(nextCounters({ dumps: [], highestKnown: none, ageMs: -1e9, ratePerSecond: 5, margin: 0 }).network).toBe(
      1_000,
    );
  });

  it("are refused near the end of 32 bits", () => {
    const high = { network: HIGHEST_COUNTER - 999, linkKeys: 0 };
    const rule = { dumps: [], highestKnown: high, ageMs: 0, ratePerSecond: 0, margin: 0 };
    expect(() => nextCounters(rule)).toThrow(expect.objectContaining({ id: "COUNTER_EXHAUSTED" }));
    expect(() => raiseCounters(formedImage({ frameCounter: HIGHEST_COUNTER + 1 }), none)).toThrow(
      expect.objectContaining({ id: "COUNTER_EXHAUSTED" }),
    );
  });
});

describe("the partial image of the counters", () => {
  it("holds every counter, and no key but those that share an item with one", () => {
    const whole = formedImage({ anyNetworkCounter: 9, apsKeys: [{ key: "ab".repeat(16), tx: 1, rx: 2 }] });
    const partial = counterPartial(whole);
    expect(Object.fromEntries(Object.entries(partial).map(([table, items]) => [table, Object.keys(items)]))).toEqual({
      LEGACY: ["NWKKEY"],
      NWK_SEC_MATERIAL_TABLE: ["0x0000", "0x0004"],
      TCLK_TABLE: ["0x0000", "0x0001"],
      APS_KEY_DATA_TABLE: ["0x0000"],
    });
    for (const { table, key } of counterItems(whole)) expect(partial[table]?.[key]).toBe(whole[table]?.[key]);
  });
});

/** The image with every outgoing counter blotted out. */
function masked(source: NvramImage): NvramImage {
  return counterItems(source).reduce((result, { table, key, offset }) => {
    const hex = result[table]?.[key] ?? "";
    return withItem(result, table, key, `${hex.slice(0, offset * 2)}........${hex.slice(offset * 2 + 8)}`);
  }, source);
}
