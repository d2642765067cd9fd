import { readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { handedOverForTests } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";
import { serves } from "./support/whole-home.ts";

const at = handedOverForTests();

test("stopNode: the service does not stop, so nothing else is touched and nobody notices", async () => {
  const { stop } = at.active.host.zigbee2mqtt.commands;
  const script = readFileSync(stop, "utf8");
  writeFileSync(stop, "#!/bin/sh\nexit 1\n");
  onTestFinished(() => writeFileSync(stop, script));
  const { pid } = at.active.zigbee2mqtt;
  const { code, report } = await at.lab.switchover();
  expect({ code, outcome: report.outcome }).toEqual({ code: 3, outcome: "returned" });
  expect(report.error).toMatchObject({
    id: "SERVICE_DID_NOT_STOP",
    step: "stopNode",
    node: at.active.name,
    what: expect.stringContaining("did not stop in time"),
  });
  expect(at.active.zigbee2mqtt.pid).toBe(pid);
  await serves(at.lab.home, at.active);
  expect(heldBy(at.standby)).toEqual(at.before);
}, 300_000);

test("silenceNode: the old radio cannot be silenced, so the new one is never written", async () => {
  onTestFinished(at.spoilPython(at.active, '[ "$1" = - ] && exit 70'));
  const { code, report } = await at.lab.switchover();
  expect({ code, outcome: report.outcome }).toEqual({ code: 3, outcome: "returned" });
  expect(report.error).toMatchObject({
    id: "COORDINATOR_NOT_SILENT",
    step: "silenceNode",
    node: at.active.name,
    what: expect.stringContaining("status 70"),
  });
  await serves(at.lab.home, at.active);
  expect(heldBy(at.standby)).toEqual(at.before);
}, 300_000);
