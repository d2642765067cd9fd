import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../home/support/bring-up.ts";
import { isRoot, openFaultHome, RUN_MS, hostOf } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

/** Well above `failover.after` and the looks that follow it. */
const LONG_ENOUGH_MS = 35_000;

describe.skipIf(!isRoot)("signals that lie, in a home that is armed", () => {
  let home: FaultHome;
  /** Ends what a test has broken. */
  let mend: () => unknown;
  beforeAll(async () => {
    home = await openFaultHome();
    expect((await home.site.lab.understudy.run(["arm"])).code).toBe(0);
  }, RUN_MS);
  afterAll(() => home?.site.end());
  beforeEach(() => {
    mend = () => undefined;
  });
  afterEach(() => mend());

  /** Nothing is handed over and nothing restarted while this goes on. */
  async function nothingHappens(during: () => Promise<unknown>): Promise<void> {
    const active = home.active();
    const { pid } = active.home.zigbee2mqtt;
    const before = await home.site.lab.serviceState();
    await during();
    const after = await home.site.lab.serviceState();
    expect({ holder: after.holder, epoch: after.epoch, restarts: after.restarts }).toEqual({
      holder: before.holder,
      epoch: before.epoch,
      restarts: before.restarts,
    });
    expect(active.home.zigbee2mqtt.pid).toBe(pid);
  }

  test(
    "fault 11: the broker is down: nobody is to blame, and nothing happens",
    async () => {
      const active = home.active();
      mend = () => home.site.broker.start();
      await nothingHappens(async () => {
        await home.site.broker.stop();
        await pause(LONG_ENOUGH_MS);
      });
      await home.site.broker.start();
      mend = () => undefined;
      await home.expectWell(active);
    },
    RUN_MS,
  );

  test(
    "fault 14: a retained `offline` while Zigbee2MQTT works: nothing happens",
    async () => {
      const active = home.active();
      const { client } = home.site.home.mqtt;
      await nothingHappens(async () => {
        await client.publishAsync("zigbee2mqtt/bridge/state", '{"state":"offline"}', { retain: true });
        await pause(LONG_ENOUGH_MS);
      });
      await client.publishAsync("zigbee2mqtt/bridge/state", '{"state":"online"}', { retain: true });
      await home.expectWell(active);
    },
    RUN_MS,
  );

  test(
    "fault 17: the controller no longer reaches the active node, and the home works: nothing happens",
    async () => {
      const active = home.active();
      await nothingHappens(async () => {
        await hostOf(active).run("rc-service sshd stop");
        active.cutConnections();
        mend = () => hostOf(active).run("rc-service sshd start");
        await pause(LONG_ENOUGH_MS);
      });
      await hostOf(active).run("rc-service sshd start");
      mend = () => undefined;
      await home.expectWell(active);
    },
    RUN_MS,
  );

  test(
    "fault 12: the broker comes back with a stale `online` of a Zigbee2MQTT that is dead: it is found and started",
    async () => {
      const active = home.active();
      await home.site.broker.stop();
      mend = () => home.site.broker.start();
      hostOf(active).signal("/opt/zigbee2mqtt/index.js", "SIGKILL");
      await home.site.broker.start();
      mend = () => undefined;
      await home.site.home.mqtt.client.publishAsync("zigbee2mqtt/bridge/state", '{"state":"online"}', { retain: true });
      await until(() => active.home.zigbee2mqtt.running, "it is started again", 120_000);
      await home.expectWell(active);
    },
    RUN_MS,
  );

  test(
    "fault 19: the active node is cut off with its radio on, and nothing can prove it off: nobody takes over",
    async () => {
      const active = home.active();
      await active.isolate();
      mend = () => active.rejoin();
      await until(
        async () => (await home.site.lab.serviceState()).trouble !== undefined,
        "the trouble is seen",
        90_000,
      );
      await pause(LONG_ENOUGH_MS);
      expect(home.site.home.air.onAir()).toEqual([active.home.dongle.name]);
      await active.rejoin();
      mend = () => undefined;
      await home.expectWell(active);
    },
    RUN_MS,
  );
});
