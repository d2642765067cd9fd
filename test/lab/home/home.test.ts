import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHome } from "../../../lab/home/create-home.ts";
import type { Home } from "../../../lab/home/home.ts";
import { measureOutage, Switching } from "../../../lab/home/outage.ts";
import { processesWith } from "../../../lab/hosts/processes.ts";

let home: Home;

beforeAll(async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "lab-home-"));
  home = await createHome({ directory, devices: 3 });
});

afterAll(async () => {
  await home.stop();
});

describe("a home", () => {
  it("has a node that serves all its devices, and a standby with a blank stick", async () => {
    expect(home.servingNode()?.name).toBe("a");
    expect(home.node("b").dongle.inspect()).toMatchObject({ onAir: false, configured: false });
    expect(home.node("b").zigbee2mqtt.running).toBe(false);
    const answers = await home.everyDeviceAnswersThrough("a", { withinMs: 30_000 });
    expect(answers.map(({ device }) => device).sort()).toEqual(["light_0", "plug_0", "sensor_0"]);
  });

  it("has lights that obey over MQTT", async () => {
    await home.pressLight(0, "ON");
    expect(home.light(0).application.state()).toMatchObject({ state: "ON" });
    await home.pressLight(0, "OFF");
    expect(home.light(0).application.state()).toMatchObject({ state: "OFF" });
  });

  it("tells which devices stay silent", async () => {
    await expect(home.everyDeviceAnswersThrough("b", { withinMs: 300 })).rejects.toThrow(
      /Silent through node b .* light_0, plug_0, sensor_0/,
    );
  });

  it("has service commands that tell what runs", () => {
    const { host, zigbee2mqtt } = home.node("a");
    const status = spawnSync(host.zigbee2mqtt.commands.status);
    expect(status.status).toBe(0);
    expect(Number(status.stdout.toString())).toBe(zigbee2mqtt.pid);
    expect(spawnSync(home.node("b").host.zigbee2mqtt.commands.status).status).toBe(3);
  });

  it("sees a light go unserved while Zigbee2MQTT is started again, and nothing worse", async () => {
    const light = home.light(0);
    const { dongle, zigbee2mqtt } = home.node("a");
    const switching = new Switching(home.mqtt, light.name);
    const first = light.radio.received.length;
    try {
      await expect.poll(() => light.radio.received.length, { timeout: 10_000 }).toBeGreaterThan(first + 10);
      await zigbee2mqtt.stop();
      const stoppedAt = light.radio.received.length;
      expect(zigbee2mqtt.running).toBe(false);
      await zigbee2mqtt.start(60_000);
      await expect.poll(() => light.radio.received.length, { timeout: 10_000 }).toBeGreaterThan(stoppedAt + 10);
    } finally {
      await switching.stop();
    }
    const longestGap = light.radio.received.reduce(
      (longest, { at }, index, all) => Math.max(longest, at - (all[index - 1]?.at ?? at)),
      0,
    );
    expect(longestGap).toBeGreaterThan(500);
    expect(measureOutage(light.radio.received, dongle.name, home.node("b").dongle.name)).toBeUndefined();
    expect(home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
  });

  it("counts a device that joins its network again", async () => {
    await home.plug(0).radio.rejoin("network");
    expect(home.facts().rejoined).toBe(1);
  });

  it("loses its radio when the stick is pulled, and Zigbee2MQTT with it", async () => {
    const node = home.node("a");
    await node.unplug();
    expect(node.dongle.onAir).toBe(false);
    expect(fs.existsSync(node.serialPort)).toBe(false);
    // Usually at once; longer where it waits for an answer of the stick just then.
    const { zigbee2mqtt } = node;
    const ending = () => (zigbee2mqtt.running ? zigbee2mqtt.consoleTail() : "ended");
    await expect.poll(ending, { timeout: 30_000 }).toBe("ended");
  });

  it("leaves nothing behind", async () => {
    const marked = () => Object.entries(home.environment).flatMap(([name, value]) => processesWith(name, value));
    expect(marked()).not.toEqual([]);
    await home.stop();
    expect(marked()).toEqual([]);
    expect(fs.existsSync(home.directory)).toBe(false);
  });
});
