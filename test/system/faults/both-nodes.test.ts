import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asNamespaceNode } from "../../faults/classes/hosts.ts";
import type { SiteNode } from "../../faults/site.ts";
import { until } from "../../home/support/bring-up.ts";
import { isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

/** Time for a standby that is alone to take over, should it be let. */
const ALONE_MS = 30_000;
/** Time for a second handover, should one follow the first. */
const LOOP_MS = 20_000;

describe.skipIf(!isRoot)("both nodes lose their power, and the controller does not", () => {
  let home: FaultHome;
  beforeAll(async () => {
    home = await openFaultHome();
    expect((await home.site.lab.understudy.run(["arm"])).code).toBe(0);
  }, RUN_MS);
  afterAll(() => home?.site.end());

  const onAir = () => home.site.nodes.filter((node) => node.home.dongle.onAir).map(({ name }) => name);
  const done = async () => (await home.site.lab.serviceState()).history.filter(({ outcome }) => outcome === "done");
  const powerOn = (node: SiteNode) => asNamespaceNode(node).powerOn();

  test.each(["the one that served first", "the standby first", "both at once"])(
    "faults 46, 47: %s: never two, nobody before the last holder is back, and no going to and fro",
    async (order) => {
      const [active, standby] = [home.active(), home.standby()];
      const before = (await done()).length;
      await Promise.all([active, standby].map((node) => asNamespaceNode(node).powerOff()));
      if (order === "both at once") {
        await Promise.all([active, standby].map(powerOn));
      } else if (order === "the standby first") {
        await powerOn(standby);
        // What the other one does cannot be known: nothing proves it off.
        await pause(ALONE_MS);
        expect(onAir()).toEqual([]);
        await powerOn(active);
      } else {
        await powerOn(active);
        await until(() => home.site.home.servingNode() !== undefined, "the last holder serves alone", 200_000);
        expect(home.active()).toBe(active);
        await powerOn(standby);
      }
      await until(() => home.site.home.servingNode() !== undefined, "somebody serves", 200_000);
      await home.expectWell(home.active());
      const serving = home.active();
      await pause(LOOP_MS);
      expect(onAir()).toEqual([serving.name]);

      const handovers = (await done()).slice(0, (await done()).length - before);
      console.log(`${order}: ${serving.name} serves, before it was ${active.name}`);
      // The other one serves only where it took over from a node that was proven off: once.
      if (serving === active) expect(handovers).toEqual([]);
      else expect(handovers).toMatchObject([{ kind: "failover", from: active.name, to: serving.name }]);
      expect((await home.site.lab.serviceState()).holder).toBe(serving.name);
      await home.site.lab.understudy.run(["acknowledge"]);
    },
    RUN_MS * 2,
  );
});
