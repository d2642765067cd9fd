import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../home/support/bring-up.ts";
import { ALL_WELL, bringUpSystem, expectServing, isRoot } from "../home/support/bring-up.ts";
import type { NodeName, SystemHome } from "../home/support/bring-up.ts";

const SERVING_AGAIN_MS = 120_000;

describe.skipIf(!isRoot)("a power cut of the whole house, with offlineBoot: wait", () => {
  let lab: SystemHome;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 4, init: ["busybox", "systemd"] });
    // Three reboots within minutes are more than the default takes for accidents. It is read when Understudy starts again.
    const { configFile } = lab.home;
    const yaml = readFileSync(configFile, "utf8");
    writeFileSync(configFile, yaml.replace("\n    nodes:", "\n    failover: { restarts: 5 }\n    nodes:"));
    expect((await lab.understudy.run(["setup", "--yes"])).code).toBe(0);
    expect((await lab.understudy.run(["arm"])).code).toBe(0);
    await expectServing(lab, "a");
  }, 240_000);
  afterAll(() => lab?.end());

  test.each<[string, readonly NodeName[]]>([
    ["the active node returns first", ["a", "b"]],
    ["the active node returns last", ["b", "a"]],
  ])(
    "%s: nobody serves while Understudy is dead, and the node that served does when it is back",
    async (_case, order) => {
      await lab.understudy.stop();
      await Promise.all(lab.nodes.map((node) => node.powerOff()));
      for (const name of order) {
        await lab.node(name).powerOn();
        await until(async () => (await standsBy(lab, name)).includes("radio=silent"), `${name} stands by`);
      }
      await pause(5_000);
      expect(lab.nodes.map(({ dongle, zigbee2mqtt }) => dongle.onAir || zigbee2mqtt.running)).toEqual([false, false]);

      await lab.understudy.start(150_000, new AbortController().signal);
      const back = Date.now();
      await expectServing(lab, "a", SERVING_AGAIN_MS);
      console.log(`every device answers ${((Date.now() - back) / 1000).toFixed(1)} s after Understudy is back`);
      expect(lab.home.facts()).toEqual(ALL_WELL);
    },
    360_000,
  );

  test("the active node reboots alone: it is granted anew and serves again", async () => {
    await lab.node("a").namespaceHost.execute("(sleep 1; reboot -f) >/dev/null 2>&1 &");
    await until(() => !lab.node("a").zigbee2mqtt.running, "a goes down");
    await lab.node("a").namespaceHost.settled();
    // Its stick kept its power, so that its radio alone would say nothing.
    await until(() => lab.node("a").zigbee2mqtt.running, "a is started again", SERVING_AGAIN_MS);
    await expectServing(lab, "a", SERVING_AGAIN_MS);
    expect(lab.home.facts()).toEqual(ALL_WELL);
  }, 240_000);
});

async function standsBy(lab: SystemHome, name: NodeName): Promise<string> {
  const { stdout } = await lab.node(name).namespaceHost.execute("cat /var/lib/understudy/zigbee/standing-by; true");
  return stdout;
}
