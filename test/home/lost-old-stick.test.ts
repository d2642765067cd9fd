import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Home } from "../../lab/home/home.ts";
import type { HomeNode } from "../../lab/home/node.ts";
import { until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { bringUpHandedOver } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";
import type { Held } from "./support/held-by.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

let lab: RunningHome;
let home: Home;
let active: HomeNode;
let standby: HomeNode;
/** What mends what a test has broken. */
let mend: () => unknown;
let before: Held;

beforeAll(async () => {
  ({ lab, active, standby } = await bringUpHandedOver());
  home = lab.home;
}, 400_000);
afterAll(() => lab?.stop());

beforeEach(() => {
  mend = () => undefined;
  before = heldBy(standby);
});
afterEach(async () => {
  await mend();
});

test("I7: the old node's stick is pulled once the service is stopped: failed, and recovered when it is back", async () => {
  const handover = lab.switchover();
  await until(() => !active.zigbee2mqtt.running, "the service is stopped");
  await active.unplug();
  mend = () => active.plug();
  await neitherServes(handover);
  await mend();
  mend = () => undefined;
  await recovered();
}, 400_000);

test("I7: the old node's stick hangs once the service is stopped: not known to be silent, so the standby stays so", async () => {
  const handover = lab.switchover();
  await until(() => !active.zigbee2mqtt.running, "the service is stopped");
  active.dongle.hang();
  mend = () => active.dongle.reset();
  await neitherServes(handover);
  active.dongle.reset();
  await recovered();
}, 300_000);

/** It is told as it is, with what to do, and the standby is as it was: silent. */
async function neitherServes(handover: ReturnType<RunningHome["switchover"]>): Promise<void> {
  const { code, report } = await handover;
  expect(["failed", "unknown"]).toContain(report.outcome);
  expect(code).toBe(report.outcome === "failed" ? 4 : 5);
  expect(report.message).toContain(`${active.name} could not be brought back`);
  expect({ running: standby.zigbee2mqtt.running, ...heldBy(standby) }).toEqual({ running: false, ...before });
  nobodyNoticed(home);
}

/** `service` has not forgotten it, and brings the old node back as soon as that is possible. */
async function recovered(): Promise<void> {
  await serves(home, active, 120_000);
  await until(
    async () => (await lab.serviceState()).history[0]?.outcome === "returned",
    "the recovery gives its verdict",
  );
  const { holder, unfinished, history } = await lab.serviceState();
  expect({ holder, unfinished, kind: history[0]?.kind }).toEqual({
    holder: active.name,
    unfinished: undefined,
    kind: "recovery",
  });
  expect(heldBy(standby)).toEqual(before);
}
