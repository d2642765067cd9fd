import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../home/support/bring-up.ts";
import { ALL_WELL, bringUpSystem, expectServing, isRoot } from "../home/support/bring-up.ts";
import type { NodeName, SystemHome } from "../home/support/bring-up.ts";

const SERVING_AGAIN_MS = 240_000;
/** Longer than a node that boots alone waits before it asks its peers. */
const NOBODY_MS = 5_000;

/** All that loses its power in a house. `active` is the node that serves at that moment. */
type Part = "active" | "standby" | "broker" | "controller";

/** Each stands for the orders in which something else is the last thing missing, or comes too early. */
const ORDERS: readonly (readonly Part[])[] = [
  ["broker", "active", "standby", "controller"],
  ["broker", "standby", "active", "controller"],
  ["standby", "active", "broker", "controller"],
  ["active", "controller", "standby", "broker"],
  ["controller", "broker", "active", "standby"],
  ["controller", "broker", "standby", "active"],
  ["standby", "broker", "controller", "active"],
  ["controller", "standby", "active", "broker"],
];

describe.skipIf(!isRoot).each(["wait", "last-holder"] as const)(
  "a power cut of the whole house, with offlineBoot: %s",
  (offlineBoot) => {
    let lab: SystemHome;
    beforeAll(async () => {
      lab = await bringUpSystem({ devices: 4, init: ["busybox", "systemd"] }, ({ home: { configFile } }) => {
        const yaml = readFileSync(configFile, "utf8");
        // As many reboots within minutes are more than the default takes for accidents.
        const failover = `{ restarts: 10, offlineBoot: ${offlineBoot} }`;
        writeFileSync(configFile, yaml.replace("\n    nodes:", `\n    failover: ${failover}\n    nodes:`));
      });
      expect((await lab.understudy.run(["setup", "--yes"])).code).toBe(0);
      expect((await lab.understudy.run(["sync", "--enrol-blank-stick"])).code).toBe(0);
      expect((await lab.understudy.run(["arm"])).code).toBe(0);
      await expectServing(lab, "a");
    }, 240_000);
    afterAll(() => lab?.end());

    test.each(ORDERS.map((order) => [order.join(", "), order] as const))(
      "%s: never two, and served again when what it takes is back",
      async (_case, order) => {
        const active = servingNow(lab);
        const nodes = { active, standby: active === "a" ? "b" : "a" } as const;
        await lab.understudy.stop();
        await Promise.all([...lab.nodes.map((node) => node.powerOff()), lab.broker.host.powerOff()]);

        const back = new Set<Part>();
        for (const part of order) {
          back.add(part);
          if (part === "controller") await lab.understudy.start(150_000, new AbortController().signal);
          else if (part === "broker") await lab.broker.host.powerOn();
          else await powerOn(lab, nodes[part]);
          if (mayServe(back, offlineBoot)) continue;
          await pause(NOBODY_MS);
          expect(onAir(lab)).toEqual([]);
          expect(lab.nodes.some(({ zigbee2mqtt }) => zigbee2mqtt.running)).toBe(false);
        }
        const began = Date.now();
        await until(() => lab.home.servingNode() !== undefined, "somebody serves", SERVING_AGAIN_MS);
        const serving = servingNow(lab);
        await expectServing(lab, serving, SERVING_AGAIN_MS);
        console.log(`${serving} serves every device ${((Date.now() - began) / 1000).toFixed(1)} s after the last`);
        await expectKnown(lab, active, serving);
      },
      600_000,
    );

    test("the active node reboots alone: it is granted anew and serves again", async () => {
      const active = servingNow(lab);
      const node = lab.node(active);
      await node.namespaceHost.execute("(sleep 1; reboot -f) >/dev/null 2>&1 &");
      await until(() => !node.zigbee2mqtt.running, "it goes down");
      await node.namespaceHost.settled();
      // Its stick kept its power, so that its radio alone would say nothing.
      await until(() => node.zigbee2mqtt.running, "it is started again", SERVING_AGAIN_MS);
      await expectServing(lab, active, SERVING_AGAIN_MS);
      await expectKnown(lab, active, active);
    }, 300_000);
  },
);

/**
 * Whether anybody may serve once these are back. Without a broker a radio would be on the air for nobody; without the controller
 * only a last holder whose peer has confirmed it.
 */
function mayServe(back: ReadonlySet<Part>, offlineBoot: "wait" | "last-holder"): boolean {
  if (!back.has("broker")) return false;
  if (back.has("controller")) return back.has("active");
  return offlineBoot === "last-holder" && back.has("active") && back.has("standby");
}

/** Boots it, and waits until it stands by with a silent stick. */
async function powerOn(lab: SystemHome, name: NodeName): Promise<void> {
  const node = lab.node(name);
  await node.powerOn();
  const standsBy = async () => {
    const { stdout } = await node.namespaceHost.execute("cat /var/lib/understudy/zigbee/standing-by; true");
    // Of this very boot; or it has been granted anew already.
    const ofThisBoot = stdout.includes(`boot=${node.namespaceHost.bootId}\n`);
    return (ofThisBoot && stdout.includes("radio=silent")) || node.zigbee2mqtt.running;
  };
  await until(standsBy, `${name} stands by`, 90_000);
}

function servingNow(lab: SystemHome): NodeName {
  const name = lab.home.servingNode()?.name;
  if (name !== "a" && name !== "b") throw new Error("Nobody serves.");
  return name;
}

function onAir(lab: SystemHome): readonly string[] {
  return lab.nodes.filter(({ dongle }) => dongle.onAir).map(({ name }) => name);
}

/** The controller knows who serves; another node than before serves only after a failover that was proven. */
async function expectKnown(lab: SystemHome, before: NodeName, serving: NodeName): Promise<void> {
  await until(
    async () => {
      const { holder, current, unfinished } = await lab.serviceState();
      return holder === serving && !current && !unfinished;
    },
    `the controller knows that ${serving} serves`,
    SERVING_AGAIN_MS,
  );
  const { history } = await lab.serviceState();
  if (serving !== before)
    expect(history[0]).toMatchObject({ kind: "failover", outcome: "done", from: before, to: serving });
  expect(lab.home.facts()).toEqual(ALL_WELL);
  await lab.understudy.run(["acknowledge"]);
}
