import { readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { HandoverReport } from "../../workflows/contract.ts";
import { until } from "./support/bring-up.ts";
import { expectReturned } from "./support/expect-returned.ts";
import { handedOverForTests } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";

const at = handedOverForTests();

test("I6: nothing starts on the new node, so it goes back, once", async () => {
  const { start } = at.standby.host.zigbee2mqtt.commands;
  const script = readFileSync(start, "utf8");
  writeFileSync(start, "#!/bin/sh\nexit 0\n");
  onTestFinished(() => writeFileSync(start, script));
  const report = await expectReturned(at, at.lab.switchover(), {
    step: "proveNode",
    id: "PROOF_FAILED",
    node: at.standby,
    what: /Nothing runs there/,
  });
  expectOneWayBack(report);
}, 300_000);

test("I1, I3: Zigbee2MQTT dies once its radio is on, so it goes back with higher counters", async () => {
  const handover = at.lab.switchover();
  await until(() => at.standby.dongle.onAir, "the new radio is on");
  at.standby.host.signal("index.js", "SIGKILL");
  const spoken = at.standby.dongle.inspect().ramCounter ?? Infinity;
  const report = await expectReturned(at, handover, {
    step: "proveNode",
    id: "PROOF_FAILED",
    node: at.standby,
    what: /./,
  });
  expectOneWayBack(report);
  expect(at.active.dongle.inspect().ramCounter).toBeGreaterThan(spoken);
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
  expect(heldBy(at.standby).files.data).toBe(at.before.files.data);
}
