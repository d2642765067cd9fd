import { afterAll, beforeAll, expect, test } from "vitest";
import type { HomeNode } from "../../lab/home/node.ts";
import { bringUp, until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

let lab: RunningHome;
let node: HomeNode;

beforeAll(async () => {
  lab = await bringUp({ devices: 4 });
  node = lab.home.node("a");
  await lab.temporal.workflow.signalWithStart("service", {
    workflowId: "service:zigbee",
    taskQueue: "understudy",
    args: [{ service: "zigbee" }],
    signal: "look",
  });
  await until(async () => (await lab.serviceState()).holder === "a", "it is known who serves");
}, 200_000);
afterAll(() => lab?.stop());

const kill = () => process.kill(node.zigbee2mqtt.pid ?? 0, "SIGKILL");

test("I8: a service that is only observed is left as it is, and what would have been done is told", async () => {
  const killedAt = Date.now();
  kill();
  await until(async () => (await lab.serviceState()).wouldHave.length > 0, "it is told");
  const { wouldHave, trouble, restarts } = await lab.serviceState();
  expect(wouldHave[0]?.decision).toMatchObject({ action: "restart" });
  expect(trouble?.decision.because).toBe("Zigbee2MQTT does not run on a any more: restarted where it is.");
  expect({ restarts, running: node.zigbee2mqtt.running }).toEqual({ restarts: [], running: false });
  console.log(`decided ${Date.now() - killedAt} ms after the kill`);

  await node.zigbee2mqtt.start(60_000);
  await until(async () => (await lab.serviceState()).trouble === undefined, "the trouble is over");
}, 120_000);

test("a killed Zigbee2MQTT is started again where it is, once the service is armed", async () => {
  await lab.temporal.workflow
    .getHandle("service:zigbee")
    .executeUpdate("control", { args: [{ verb: "arm", by: "the test" }] });
  const killedAt = Date.now();
  kill();
  await until(async () => (await lab.serviceState()).restarts.length > 0, "it is restarted");
  console.log(`decided ${Date.now() - killedAt} ms after the kill`);
  await until(() => node.zigbee2mqtt.running, "it runs again");
  console.log(`runs again ${Date.now() - killedAt} ms after the kill`);
  await serves(lab.home, node);
  console.log(`serves again ${Date.now() - killedAt} ms after the kill`);
  await until(async () => (await lab.serviceState()).trouble === undefined, "the trouble is over");
  expect((await lab.serviceState()).restarts).toHaveLength(1);
  nobodyNoticed(lab.home);
}, 120_000);
