import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { HomeNode } from "../../lab/home/node.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { expectReturned } from "./support/expect-returned.ts";
import { bringUpHandedOver } from "./support/handed-over.ts";
import type { HandedOver } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";
import type { Held } from "./support/held-by.ts";

let at: HandedOver;
let lab: RunningHome;
let active: HomeNode;
let standby: HomeNode;
/** What mends what a test has broken. */
let mend: () => unknown;
let before: Held;

beforeAll(async () => {
  at = await bringUpHandedOver();
  ({ lab, active, standby } = at);
}, 400_000);
afterAll(() => lab?.stop());

beforeEach(() => {
  mend = () => undefined;
  before = heldBy(standby);
});
afterEach(async () => {
  await mend();
});

test("I6: nothing starts on the new node, so it goes back, once", async () => {
  const { start } = standby.host.zigbee2mqtt.commands;
  const script = readFileSync(start, "utf8");
  writeFileSync(start, "#!/bin/sh\nexit 0\n");
  mend = () => writeFileSync(start, script);
  const report = await expectReturned(at, lab.switchover(), {
    step: "proveNode",
    id: "PROOF_FAILED",
    node: standby,
    what: /Nothing runs there/,
  });
  expectOneWayBack(report);
}, 300_000);

test("I1, I3: Zigbee2MQTT dies once its radio is on, so it goes back with higher counters", async () => {
  const handover = lab.switchover();
  await until(() => standby.dongle.onAir, "the new radio is on");
  standby.host.signal("index.js", "SIGKILL");
  const spoken = standby.dongle.inspect().ramCounter ?? Infinity;
  const report = await expectReturned(at, handover, {
    step: "proveNode",
    id: "PROOF_FAILED",
    node: standby,
    what: /./,
  });
  expectOneWayBack(report);
  expect(active.dongle.inspect().ramCounter).toBeGreaterThan(spoken);
}, 300_000);

/** Past the point of no return: the new radio is silent first, the counters are above both radios', and that is tried once. */
function expectOneWayBack(report: HandoverReport): void {
  const names = report.steps.filter(({ undo }) => undo).map(({ name, state }) => `${name} ${state}`);
  expect(names).toEqual([
    "stopNode done",
    "silenceNode done",
    "dumpNvram done",
    "raiseCounters done",
    "startNode done",
    "proveNode done",
    "undoApplyConfig done",
  ]);
  expect(heldBy(standby).files.data).toBe(before.files.data);
}
