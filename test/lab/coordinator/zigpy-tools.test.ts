import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import realStick from "../../../lab/coordinator/nvram-of-a-real-stick.json" with { type: "json" };
import { Bench } from "./bench.ts";
import { MtHost } from "./mt-host.ts";
import { zigpy } from "./zigpy.ts";

type Image = Record<string, Record<string, string>>;

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  await bench.clear();
});

async function readImage(port: string, name: string): Promise<Image> {
  const file = path.join(bench.directory, `${name}.json`);
  await zigpy("nvram_read", port, "-o", file);
  return JSON.parse(fs.readFileSync(file, "utf8")) as Image;
}

/** Names and lengths of an image, as they are on record of a real stick. */
function layoutOf({ LEGACY = {}, ...tables }: Image): unknown {
  const bytes = (hex: string | undefined): number => (hex ?? "").length / 2;
  return {
    legacy: Object.fromEntries(Object.entries(LEGACY).map(([name, value]) => [name, bytes(value)])),
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, entries]) => {
        const lengths = new Set(Object.values(entries).map(bytes));
        expect(lengths.size, name).toBe(1);
        return [name, { entries: Object.keys(entries).length, length: [...lengths][0] }];
      }),
    ),
  };
}

/** Forms a network on a dongle over TCP and marks it as configured, as Zigbee2MQTT does; then plugs it in as a stick. */
async function formedStick(name: string): Promise<{ path: string; dongle: ReturnType<Bench["dongle"]> }> {
  const dongle = bench.dongle(name);
  const { port } = await dongle.listenTcp(0);
  const host = await MtHost.connect(port);
  await host.form(15);
  // osalNvItemInit of HAS_CONFIGURED_ZSTACK3
  await host.request(1, 0x07, Buffer.from([0x60, 0, 1, 0, 1, 0x55]));
  host.close();
  await dongle.unplug();
  return { ...(await dongle.plug()), dongle };
}

test("a new stick has the items of a real one after nvram_reset, and nvram_reset keeps it so", async () => {
  const { path: port } = await bench.dongle("new").plug();
  expect(layoutOf(await readImage(port, "new"))).toEqual(realStick.reset);
  await zigpy("nvram_reset", port);
  expect(layoutOf(await readImage(port, "reset"))).toEqual(realStick.reset);
});

test("a formed stick has the items of a real one with a network", async () => {
  const { path: port } = await formedStick("formed");
  expect(layoutOf(await readImage(port, "formed"))).toEqual(realStick.formed);
});

test("an image goes from one stick to another and is read back the same", async () => {
  const { path: from, dongle } = await formedStick("from");
  const image = await readImage(from, "image");
  const { ieee } = dongle.inspect();
  const spare = bench.dongle("spare", "00124b0022222222");
  const { path: to } = await spare.plug();
  await zigpy("nvram_reset", to);
  await zigpy("nvram_write", to, "-i", path.join(bench.directory, "image.json"));
  expect(await readImage(to, "copy")).toEqual(image);
  expect(spare.inspect()).toMatchObject({ onAir: false, ieee, hardwareIeee: "00124b0022222222", configured: true });

  await zigpy("nvram_reset", to);
  expect(spare.inspect()).toMatchObject({ ieee: "00124b0022222222", configured: false, panId: undefined });
});

test("a network backup of one stick is restored to another, counters higher", async () => {
  const { path: from, dongle } = await formedStick("from");
  const backup = path.join(bench.directory, "backup.json");
  await zigpy("network_backup", from, "-o", backup);
  const spare = bench.dongle("spare", "00124b0022222222");
  const { path: to } = await spare.plug();
  await zigpy("network_restore", to, "-i", backup, "-c", "100000");
  const { ieee, panId, channel, extendedPanId, keyFingerprint } = dongle.inspect();
  expect(spare.inspect()).toMatchObject({ onAir: false, ieee, panId, channel, extendedPanId, keyFingerprint });
  expect(spare.inspect().nvCounter).toBe((dongle.inspect().nvCounter ?? NaN) + 100_000);
  // The throw-away network that the restore forms has another extended PAN id.
  expect(bench.air.doubleActiveMs()).toBe(0);
});

test("a stick that is not started hears the networks around it", async () => {
  const speaker = bench.dongle("speaker");
  const host = await bench.connect(speaker);
  await host.form(20);
  const { path: port } = await bench.dongle("listener", "00124b0022222222").plug();
  const extendedPanId = speaker.inspect().extendedPanId?.match(/../g)?.join(":");
  const heard = await zigpy("network_scan", port, "-n", "1");
  expect(heard).toContain(`EPID: ${extendedPanId}`);
  expect(heard).toMatch(/from: 0x0000\]: Channel=20/);
  await host.reset();
  expect(await zigpy("network_scan", port, "-n", "1")).toBe("");
});

test("a program that has the port open keeps others out", async () => {
  const { path: port } = await bench.dongle("shared").plug();
  const first = zigpy("nvram_read", port, "-o", path.join(bench.directory, "first.json"));
  const second = zigpy("nvram_read", port, "-o", path.join(bench.directory, "second.json"));
  const outcomes = await Promise.allSettled([first, second]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});
