import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { until } from "../../home/support/bring-up.ts";
import { bringUpSystem, expectServing, isRoot, secondsOf } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";

/** What stands for the button that the user's command presses: the lab presses it when this file appears on the node. */
const BUTTON = "/tmp/reset-button";

describe.skipIf(!isRoot)("firmware that hangs, with a way to reset it", () => {
  let lab: SystemHome;
  let finger: NodeJS.Timeout;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 6, init: "systemd" }, ({ home }) => {
      const yaml = parseDocument(readFileSync(home.configFile, "utf8"));
      yaml.setIn(["services", "zigbee", "nodes", 0, "coordinator"], { reset: { command: `touch ${BUTTON}` } });
      writeFileSync(home.configFile, String(yaml));
    });
    for (const verb of [["setup", "--yes"], ["arm"]]) {
      const { code, stdout } = await lab.understudy.run([...verb, "-o", "json"]);
      expect({ verb, code, stdout: code === 0 ? "" : stdout }).toEqual({ verb, code: 0, stdout: "" });
    }
  }, 300_000);
  afterAll(async () => {
    clearInterval(finger);
    await lab?.end();
  });

  test("row 15: is reset, and Zigbee2MQTT serves again where it is, without a handover", async () => {
    const { dongle, namespaceHost } = lab.node("a");
    let resets = 0;
    let runningThen: boolean | undefined;
    finger = setInterval(() => {
      const button = namespaceHost.outsidePath(BUTTON);
      if (!existsSync(button)) return;
      rmSync(button);
      runningThen = lab.node("a").zigbee2mqtt.running;
      dongle.reset();
      resets += 1;
    }, 20);
    const since = Date.now();
    dongle.hang();
    await until(() => resets > 0, "the coordinator is reset", 120_000);
    console.log(`reset after ${secondsOf(Date.now() - since)}`);
    await expectServing(lab, "a", 120_000);
    console.log(`serves again after ${secondsOf(Date.now() - since)}`);
    await until(async () => (await lab.serviceState()).trouble === undefined, "the trouble is over");

    const { holder, history, restarts } = await lab.serviceState();
    expect({ holder, history, restarts: restarts.length, resets, runningThen }).toEqual({
      holder: "a",
      history: [],
      restarts: 1,
      resets: 1,
      runningThen: false,
    });
  }, 300_000);
});
