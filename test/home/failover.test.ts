import { afterAll, beforeAll, expect, test } from "vitest";
import type { HomeNode } from "../../lab/home/node.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { bringUpHandedOver } from "./support/handed-over.ts";
import { serves } from "./support/whole-home.ts";

let lab: RunningHome;
let a: HomeNode;
let b: HomeNode;

beforeAll(async () => {
  const home = await bringUpHandedOver();
  ({ lab } = home);
  // b serves; a's stick holds the network as of then.
  [a, b] = [home.standby, home.active];
}, 200_000);
afterAll(() => lab?.stop());

async function failover(...args: string[]): Promise<{ code: number; report: HandoverReport }> {
  const { code, stdout } = await lab.understudy.run(["failover", "--yes", "-o", "json", ...args]);
  return { code, report: JSON.parse(stdout) as HandoverReport };
}

test("a sync writes the standby's coordinator ahead of time", async () => {
  // Nothing automatic writes a radio before the service is armed; a person's failover is tested here, so only meanwhile.
  for (const verb of ["arm", "sync", "observe"]) expect(await lab.understudy.run([verb])).toMatchObject({ code: 0 });
  expect((await lab.serviceState()).copies["a"]).toMatchObject({ preloaded: true });
  expect(a.dongle.onAir).toBe(false);
}, 120_000);

test("I1, I3: Zigbee2MQTT is dead and left its radio on the air: a standby takes over, and nobody notices", async () => {
  b.host.signal("index.js", "SIGKILL");
  await until(() => !b.zigbee2mqtt.running, "Zigbee2MQTT is gone");
  expect(b.dongle.onAir).toBe(true);
  const { code, report } = await failover("--reason", "Zigbee2MQTT was killed");
  expect({ code, message: report.message, kind: report.kind }).toEqual({
    code: 0,
    message: "zigbee runs on a.",
    kind: "failover",
  });
  // The network is there already: of its coordinator only the counters are written.
  expect(report.steps.map(({ name }) => name)).toEqual([
    "cancelSync",
    "checkFitness",
    "fenceNode",
    "raiseCounters",
    "applyConfig",
    "startNode",
    "proveNode",
    "leaveClean",
  ]);
  await serves(lab.home, a);
  expect(await lab.serviceState()).toMatchObject({ holder: "a", history: [{ kind: "failover", outcome: "done" }, {}] });
}, 120_000);

test("I1: the host of the active node is gone: a person says that it is off, and the standby takes over", async () => {
  await a.powerOff();
  const running = failover();
  let waits: HandoverReport["waitsForPerson"];
  await until(async () => (waits = (await lab.progress())?.waitsForPerson) !== undefined, "a person is waited for");
  expect(waits).toMatchObject({ node: "a", vetoed: false });
  expect(b.dongle.onAir).toBe(false);
  const confirmed = await lab.understudy.run(["confirm-fenced", "--node", "a", "--yes", "--detach"]);
  expect(confirmed.code).toBe(0);
  const { code, report } = await running;
  expect({ code, message: report.message }).toEqual({ code: 0, message: "zigbee runs on b." });
  await serves(lab.home, b);
}, 120_000);
