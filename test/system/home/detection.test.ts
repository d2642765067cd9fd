import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../home/support/bring-up.ts";
import type { Trouble } from "../../../workflows/contract.ts";
import { ALL_WELL, bringUpSystem, isRoot } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";

/** What is seen of each fault of the active node, in a home that only observes: nothing is done to it. */
describe.skipIf(!isRoot).each(["openrc", "systemd"] as const)("%s hosts, watched", (init) => {
  /** What each service manager tells by itself is seen on both; the rest is the same on all. */
  const onSystemd = test.runIf(init === "systemd");
  let lab: SystemHome;
  /** What mends the fault of a test. */
  let mend: () => unknown;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 6, init });
    await until(async () => (await state())?.holder === "a", "it is known who serves");
  }, 300_000);
  afterAll(() => lab?.end());
  afterEach(async () => {
    await mend();
    await until(isOver, "the trouble is over", 90_000).catch(async (error: unknown) => {
      throw new Error(`Still: ${JSON.stringify((await state())?.trouble)}`, { cause: error });
    });
    expect(lab.home.facts()).toEqual(ALL_WELL);
  }, 180_000);

  const state = () => lab.serviceState().catch(() => undefined);
  /** A host that returned before its old will came leaves a retained "offline", which is a warning and no more (row 13). */
  const isOver = async () => {
    const now = await state();
    return (
      now !== undefined && (!now.trouble || /retained state on MQTT says offline/.test(now.trouble.decision.because))
    );
  };
  const a = () => lab.node("a");
  const again = async () => {
    // OpenRC starts nothing that it takes for running.
    if (init === "openrc") await a().namespaceHost.execute("rc-service zigbee2mqtt zap");
    await a().zigbee2mqtt.start(60_000);
  };
  /** Waits for the decision; what led to it and how long it took goes to the record. */
  async function decided(action: Trouble["decision"]["action"], because: RegExp, since: number): Promise<void> {
    let last: Trouble | undefined;
    const isSo = async () => {
      last = (await state())?.trouble;
      return last?.decision.action === action && because.test(last.decision.because);
    };
    try {
      await until(isSo, `${action}: ${String(because)}`, 120_000);
    } catch (error) {
      throw new Error(`The last decision was ${JSON.stringify(last)}`, { cause: error });
    }
    console.log(`${init}: ${((Date.now() - since) / 1000).toFixed(1)} s: ${last?.decision.because}`);
  }

  test("Zigbee2MQTT is killed: restart", async () => {
    mend = again;
    const since = Date.now();
    a().namespaceHost.signal("/opt/zigbee2mqtt", "SIGKILL");
    await decided("restart", /does not run on a any more/, since);
  }, 180_000);

  test("a person stops it on the node: no failure", async () => {
    mend = again;
    const since = Date.now();
    await a().zigbee2mqtt.stop();
    await decided("warn", /was stopped on a itself/, since);
  }, 180_000);

  onSystemd(
    "its process stands still: restart",
    async () => {
      mend = () => a().namespaceHost.signal("/opt/zigbee2mqtt", "SIGCONT");
      const since = Date.now();
      a().namespaceHost.signal("/opt/zigbee2mqtt", "SIGSTOP");
      await decided("restart", /does not answer on MQTT/, since);
    },
    180_000,
  );

  onSystemd(
    "row 11: the broker goes away: a warning",
    async () => {
      mend = () => lab.broker.host.healNetwork();
      const since = Date.now();
      await lab.broker.host.cutNetwork();
      await decided("warn", /broker cannot be reached from here, while Zigbee2MQTT runs on a/, since);
    },
    180_000,
  );

  onSystemd(
    "row 17: the controller alone is cut off from everything: a warning",
    async () => {
      mend = () => lab.network.healController();
      const since = Date.now();
      await lab.network.cutController();
      await decided("warn", /neither the broker nor a can be reached/i, since);
    },
    180_000,
  );

  onSystemd(
    "row 19: its network is cut: take over, if it can be fenced",
    async () => {
      mend = () => a().namespaceHost.healNetwork();
      const since = Date.now();
      await a().namespaceHost.cutNetwork();
      await decided("takeOver", /answers neither us nor b/, since);
    },
    180_000,
  );

  onSystemd(
    "its host is frozen: take over, if it can be fenced",
    async () => {
      mend = () => a().namespaceHost.thaw();
      const since = Date.now();
      await a().namespaceHost.freeze();
      await decided("takeOver", /answers a ping only/, since);
    },
    180_000,
  );

  onSystemd(
    "row 15: its stick's firmware hangs, and nothing resets it: take over",
    async () => {
      mend = async () => {
        a().namespaceHost.signal("/opt/zigbee2mqtt", "SIGKILL");
        await a().cyclePort();
        await again();
      };
      const since = Date.now();
      a().dongle.hang();
      await decided("takeOver", /its coordinator does not and no device does/, since);
    },
    240_000,
  );

  onSystemd(
    "its stick is pulled: take over",
    async () => {
      mend = async () => {
        await a().plug();
        await again();
      };
      const since = Date.now();
      await a().unplug();
      await decided("takeOver", /whose stick is not there/, since);
    },
    180_000,
  );

  onSystemd(
    "its host loses its power: take over",
    async () => {
      mend = async () => {
        await a().powerOn();
        await again();
      };
      const since = Date.now();
      await a().powerOff();
      await decided("takeOver", /answers neither us nor b/, since);
    },
    180_000,
  );

  onSystemd(
    "row 46: both hosts lose their power: nothing is taken over",
    async () => {
      mend = async () => {
        await Promise.all([a().powerOn(), lab.node("b").powerOn()]);
        await again();
      };
      const since = Date.now();
      await Promise.all([a().powerOff(), lab.node("b").powerOff()]);
      await decided("warn", /no standby can confirm/, since);
    },
    240_000,
  );
});
