import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Home } from "../../lab/home/home.ts";
import type { HomeNode } from "../../lab/home/node.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { bringUpHandedOver } from "./support/handed-over.ts";
import type { HandedOver } from "./support/handed-over.ts";
import { heldBy } from "./support/held-by.ts";
import type { Held } from "./support/held-by.ts";
import { serves } from "./support/whole-home.ts";

let lab: RunningHome;
let home: Home;
let active: HomeNode;
let standby: HomeNode;
let spoilPython: HandedOver["spoilPython"];
/** What mends what a test has broken. */
let mend: () => unknown;
let before: Held;

beforeAll(async () => {
  ({ lab, active, standby, spoilPython } = await bringUpHandedOver());
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

test("stopNode: the service does not stop, so nothing else is touched and nobody notices", async () => {
  const { stop } = active.host.zigbee2mqtt.commands;
  const script = readFileSync(stop, "utf8");
  writeFileSync(stop, "#!/bin/sh\nexit 1\n");
  mend = () => writeFileSync(stop, script);
  const { pid } = active.zigbee2mqtt;
  const { code, report } = await lab.switchover();
  expect({ code, outcome: report.outcome }).toEqual({ code: 3, outcome: "returned" });
  expect(report.error).toMatchObject({
    id: "SERVICE_DID_NOT_STOP",
    step: "stopNode",
    node: active.name,
    what: expect.stringContaining("did not stop in time"),
  });
  expect(active.zigbee2mqtt.pid).toBe(pid);
  await serves(home, active);
  expect(heldBy(standby)).toEqual(before);
}, 300_000);

test("silenceNode: the old radio cannot be silenced, so the new one is never written", async () => {
  mend = spoilPython(active, '[ "$1" = - ] && exit 70');
  const { code, report } = await lab.switchover();
  expect({ code, outcome: report.outcome }).toEqual({ code: 3, outcome: "returned" });
  expect(report.error).toMatchObject({
    id: "COORDINATOR_NOT_SILENT",
    step: "silenceNode",
    node: active.name,
    what: expect.stringContaining("status 70"),
  });
  await serves(home, active);
  expect(heldBy(standby)).toEqual(before);
}, 300_000);
