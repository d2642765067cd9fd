import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asNamespaceNode } from "../../faults/classes/hosts.ts";
import { until } from "../../home/support/bring-up.ts";
import { isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

describe.skipIf(!isRoot)("both nodes lose their power", () => {
  let home: FaultHome;
  beforeAll(async () => {
    home = await openFaultHome();
    expect((await home.site.lab.understudy.run(["arm"])).code).toBe(0);
  }, RUN_MS);
  afterAll(() => home?.site.end());

  test.each([["the one that served first"], ["the standby first"]])(
    "fault 46: %s: never two, and the home is served again",
    async (order) => {
      const [active, standby] = [home.active(), home.standby()];
      await Promise.all([active, standby].map((node) => asNamespaceNode(node).powerOff()));
      const [first, second] = order === "the standby first" ? [standby, active] : [active, standby];
      await asNamespaceNode(first).powerOn();
      await asNamespaceNode(second).powerOn();
      await until(() => home.site.home.servingNode() !== undefined, "somebody serves", 200_000);
      // Whoever came back first may have taken over from one that was proven off.
      await home.expectWell(home.active());
    },
    RUN_MS,
  );
});
