import { describe, expect, it } from "vitest";
import { restorableBackup, tablesHash } from "../../coordinators/open-backup.ts";
import { UnderstudyError } from "../../model/errors.ts";

const KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/** As Zigbee2MQTT writes it: addresses without leading zeros, no link key where there is none. */
function backup(change: Record<string, unknown> = {}): string {
  return JSON.stringify({
    metadata: { format: "zigpy/open-coordinator-backup", version: 1 },
    stack_specific: { zstack: { tclk_seed: "00112233445566778899aabbccddeeff" } },
    coordinator_ieee: "00124b0099aa0001",
    pan_id: "acf",
    extended_pan_id: "1122334455667788",
    nwk_update_id: 3,
    security_level: 5,
    channel: 15,
    channel_mask: [15],
    network_key: { key: KEY, sequence_number: 0, frame_counter: 7_500 },
    devices: [
      { ieee_address: "00158d0000000011", nwk_address: "12", is_child: false, link_key: linkKey(40) },
      { ieee_address: "00158d0000000012", nwk_address: "ffee", is_child: true, link_key: linkKey(9_000) },
      { ieee_address: "00158d0000000013", nwk_address: "abcd", is_child: false, link_key: null },
    ],
    ...change,
  });
}

function linkKey(counter: number): Record<string, unknown> {
  return { key: "ab".repeat(16), tx_counter: counter, rx_counter: 1 };
}

describe("Zigbee2MQTT's backup for zigpy-znp", () => {
  it("has addresses of four digits, no null keys, and raised counters", () => {
    const restorable = JSON.parse(restorableBackup(backup(), { network: 11_000, linkKeys: 4_500 })) as {
      pan_id: string;
      network_key: { frame_counter: number };
      devices: { nwk_address: string; link_key?: { tx_counter: number } }[];
    };
    expect(restorable.pan_id).toBe("0acf");
    expect(restorable.network_key.frame_counter).toBe(11_000);
    expect(restorable.devices.map((device) => device.nwk_address)).toEqual(["0012", "ffee", "abcd"]);
    expect(restorable.devices.map((device) => device.link_key?.tx_counter)).toEqual([4_500, 9_000, undefined]);
    expect("link_key" in (restorable.devices[2] ?? {})).toBe(false);
  });

  it("is refused without a word of it where it is none", () => {
    const broken = backup({ network_key: { key: KEY } });
    expect(() => restorableBackup(broken, { network: 0, linkKeys: 0 })).toThrow(UnderstudyError);
    expect(() => tablesHash(broken)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(KEY) }));
  });
});

describe("what a coordinator must hold", () => {
  const same = tablesHash(backup());

  it("is the same whoever wrote it down, and whatever the counters are", () => {
    const zigpys = JSON.parse(restorableBackup(backup(), { network: 90_000, linkKeys: 90_000 })) as {
      devices: { ieee_address: string; is_child: boolean }[];
    };
    // It leaves out devices without a key, sorts differently, and knows another child.
    const devices = zigpys.devices
      .slice(0, 2)
      .toReversed()
      .map((device) => ({ ...device, is_child: false }));
    expect(tablesHash(JSON.stringify({ ...zigpys, devices }))).toBe(same);
  });

  it.each([
    ["a device that came", { devices: [{ ieee_address: "00158d0000000019", nwk_address: "1", link_key: linkKey(1) }] }],
    ["another channel", { channel: 20 }],
    ["another key", { network_key: { key: "ff".repeat(16), sequence_number: 0, frame_counter: 7_500 } }],
  ])("differs after %s", (_case, change) => {
    expect(tablesHash(backup(change))).not.toBe(same);
  });
});
