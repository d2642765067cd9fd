import { expect, test } from "vitest";
import { until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { handedOverForTests } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

const at = handedOverForTests();

test("I7: the old node's stick is pulled once the service is stopped: failed, and recovered when it is back", async () => {
  const handover = at.lab.switchover();
  await until(() => !at.active.zigbee2mqtt.running, "the service is stopped");
  await at.active.unplug();
  try {
    await neitherServes(handover);
  } finally {
    await at.active.plug();
  }
  await recovered();
}, 400_000);

test("I7: the old node's stick hangs once the service is stopped: not known to be silent, so the standby stays so", async () => {
  const handover = at.lab.switchover();
  await until(() => !at.active.zigbee2mqtt.running, "the service is stopped");
  at.active.dongle.hang();
  await neitherServes(handover).finally(() => at.active.dongle.reset());
  await recovered();
}, 300_000);

/** It is told as it is, with what to do, and the standby is as it was: silent. */
async function neitherServes(handover: ReturnType<RunningHome["switchover"]>): Promise<void> {
  const { code, report } = await handover;
  expect(["failed", "unknown"]).toContain(report.outcome);
  expect(code).toBe(report.outcome === "failed" ? 4 : 5);
  expect(report.message).toContain(`${at.active.name} could not be brought back`);
  expect({ running: at.standby.zigbee2mqtt.running, ...heldBy(at.standby) }).toEqual({ running: false, ...at.before });
  nobodyNoticed(at.lab.home);
}

/** `service` has not forgotten it, and brings the old node back as soon as that is possible. */
async function recovered(): Promise<void> {
  await serves(at.lab.home, at.active, 120_000);
  await until(
    async () => (await at.lab.serviceState()).history[0]?.outcome === "returned",
    "the recovery gives its verdict",
  );
  const { holder, unfinished, history } = await at.lab.serviceState();
  expect({ holder, unfinished, kind: history[0]?.kind }).toEqual({
    holder: at.active.name,
    unfinished: undefined,
    kind: "recovery",
  });
  expect(heldBy(at.standby)).toEqual(at.before);
}
