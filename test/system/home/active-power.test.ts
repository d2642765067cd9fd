import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALL_WELL, bringUpSystem, expectServing, isRoot, secondsOf } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";

/** It is asked many times before it is given up. */
const VERDICT_WITHIN_MS = 600_000;
const SERVING_AGAIN_MS = 120_000;

describe.skipIf(!isRoot)("the active node loses its power in the middle of a switchover", () => {
  let lab: SystemHome;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 4, init: "openrc" });
  });
  afterAll(() => lab?.end());

  test(
    "I1, I7: nothing is started, the standby stays silent, and the verdict says so",
    async () => {
      const handover = lab.switchover("--enrol-blank-stick", "--reason", "power lost");
      // The standby answers nothing for a moment, so that the copy cannot be over before the power is lost.
      await lab.stepBegan("dumpNvram");
      await lab.node("b").namespaceHost.freeze();
      await lab.stepBegan("transferFile");
      const lostAt = Date.now();
      await lab.node("a").powerOff();
      await lab.node("b").namespaceHost.thaw();
      const { code, report } = await handover;
      console.log(`verdict after ${secondsOf(Date.now() - lostAt)}: ${report.message}`);
      expect({ code, outcome: report.outcome }).toEqual({ code: 5, outcome: "unknown" });
      expect(report.error).toMatchObject({ step: "transferFile", node: "a" });
      expect(report.message).toMatch(/^transferFile on a failed: .* And a could not be brought back: /);
      expect(report.steps.filter(({ node, name }) => node === "b" && name === "startNode")).toEqual([]);
      expect(lab.nodes.map(({ dongle, zigbee2mqtt }) => dongle.onAir || zigbee2mqtt.running)).toEqual([false, false]);
      expect(lab.home.facts()).toEqual(ALL_WELL);
      expect(await lab.serviceState()).toMatchObject({ unfinished: { from: "a", to: "b" } });
    },
    VERDICT_WITHIN_MS,
  );

  test("I9: when power is back, it serves again by itself within 2 minutes", async () => {
    const back = Date.now();
    await lab.node("a").powerOn();
    await expectServing(lab, "a", SERVING_AGAIN_MS);
    console.log(`every device answers ${secondsOf(Date.now() - back)} after power returned`);
  }, 240_000);

  test("and the next switchover is an ordinary one", async () => {
    const { code, report } = await lab.switchover("--enrol-blank-stick");
    expect({ code, outcome: report.outcome, to: report.to }).toEqual({ code: 0, outcome: "done", to: "b" });
    await expectServing(lab, "b");
  });
});
