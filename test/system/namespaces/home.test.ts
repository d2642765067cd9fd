import { existsSync } from "node:fs";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Outlet } from "../../../lab/home/outlet.ts";
import { createNamespaceHome } from "../../../lab/namespaces/create-home.ts";
import type { NamespaceHome } from "../../../lab/namespaces/create-home.ts";

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)("a home on namespace hosts", () => {
  let parent: string;
  let all: NamespaceHome;

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "understudy-home-"));
    const directory = join(parent, "home");
    all = await createNamespaceHome({ directory, devices: 3, fresh: true, init: ["busybox", "systemd"] });
  });

  afterAll(async () => {
    await all?.home.stop();
    await rmdir(parent);
  });

  test("is formed by the real Zigbee2MQTT on the first node; every device answers through it", async () => {
    const { home } = all;
    expect(home.servingNode()?.name).toBe("a");
    await home.pressLight(0, "ON");
    const answers = await home.everyDeviceAnswersThrough("a", { withinMs: 30_000 });
    expect(answers.map(({ device }) => device).toSorted()).toEqual(["light_0", "plug_0", "sensor_0"]);
    expect(home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
  });

  test("goes silent when its node loses power, stick and all, and stays so when power returns", async () => {
    const [node] = all.nodes;
    const bootId = node?.namespaceHost.bootId;
    await node?.powerOff();
    expect(all.home.servingNode()).toBeUndefined();
    expect(node?.zigbee2mqtt.running).toBe(false);
    expect(existsSync(join(node?.zigbee2mqtt.dataDirectory ?? "", "database.db"))).toBe(true);

    await node?.powerOn();
    expect(node?.namespaceHost.bootId).not.toBe(bootId);
    expect(node?.zigbee2mqtt.running).toBe(false);
    expect(all.home.servingNode()).toBeUndefined();
  });

  test("serves again when Zigbee2MQTT is started; no device has to join again", async () => {
    const [node] = all.nodes;
    await node?.zigbee2mqtt.start(60_000);
    await all.home.pressLight(0, "OFF");
    expect(all.home.facts()).toMatchObject({ rejoined: 0, doubleActiveMs: 0 });
  });

  test("has a stick that hangs, goes on sending, and is held after its port was switched off and on", async () => {
    const [node] = all.nodes;
    node?.dongle.hang();
    expect(all.home.servingNode()?.name).toBe("a");
    await node?.cyclePort();
    expect(all.home.servingNode()).toBeUndefined();
    expect((await node?.namespaceHost.execute("test -c /dev/ttyUSB0"))?.code).toBe(0);
    await expect.poll(() => node?.zigbee2mqtt.running).toBe(false);
    // OpenRC takes a service that crashed for started.
    await node?.namespaceHost.run("rc-service zigbee2mqtt stop");
    await node?.zigbee2mqtt.start(60_000);
    await all.home.pressLight(0, "ON");
  });

  test("hangs on outlets that cut and restore the power of a node", async () => {
    const [node] = all.nodes;
    if (!node) throw new Error("There is no node.");
    const outlet = new Outlet({ name: "1", load: node });
    outlet.order("off");
    await outlet.settled();
    expect(node.namespaceHost.bootId).toBeUndefined();
    expect(all.home.servingNode()).toBeUndefined();
    outlet.order("on");
    await outlet.settled();
    expect(node.namespaceHost.bootId).toEqual(expect.any(String));
    expect(node.zigbee2mqtt.running).toBe(false);
  });
});
