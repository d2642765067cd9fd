import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { foreignStick } from "../../home/support/foreign-stick.ts";
import { until } from "../../home/support/bring-up.ts";
import type { Finding } from "../../../workflows/contract.ts";
import { endOf, hostOf, isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

describe.skipIf(!isRoot)("faults of a coordinator", () => {
  let home: FaultHome;
  /** Ends what a test has broken. */
  let mend: () => unknown;
  beforeAll(async () => {
    home = await openFaultHome();
  }, RUN_MS);
  afterAll(() => home?.site.end());
  beforeEach(() => {
    mend = () => undefined;
  });
  afterEach(() => mend());

  const refusals = (findings: readonly Finding[]) => findings.filter(({ ok }) => !ok).map(({ check }) => check);

  test(
    "fault 37: every write fails half-way: the stick is marked, never started, and written anew later",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      const handover = home.site.lab.switchover("--reason", "fault 37");
      await home.began("restoreNvram");
      const failing = setInterval(() => to.home.dongle.failWriteAfter(3), 50);
      mend = () => clearInterval(failing);
      const end = await handover;
      clearInterval(failing);
      to.home.dongle.failWriteAfter(0);
      expect(endOf(end)).toEqual({ code: 3, outcome: "returned" });
      expect(to.home.dongle.onAir).toBe(false);
      await home.expectWell(from);
      expect(endOf(await home.site.lab.switchover("--reason", "after fault 37"))).toEqual({ code: 0, outcome: "done" });
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 38: what is read back differs from what was written: noticed before the radio is on",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      const handover = home.site.lab.switchover("--reason", "fault 38");
      await home.began("restoreNvram");
      const garbling = setInterval(() => to.home.dongle.garbleWriteAfter(2), 50);
      mend = () => clearInterval(garbling);
      const end = await handover;
      clearInterval(garbling);
      to.home.dongle.garbleWriteAfter(0);
      expect(endOf(end)).toEqual({ code: 3, outcome: "returned" });
      expect(end.report.error?.step).toBe("restoreNvram");
      await home.expectWell(from);
    },
    RUN_MS,
  );

  test(
    "fault 39: another network's stick sits where the standby's was: refused, and left alone",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      const foreign = await foreignStick(home.site.home);
      const before = foreign.inspect();
      await to.home.unplug();
      const { path } = await foreign.plug();
      await hostOf(to).plugDongle(path, { serialNumber: to.home.serialNumber });
      mend = async () => {
        await hostOf(to).unplugDongle();
        await foreign.unplug();
        await to.home.plug();
      };
      const end = await home.site.lab.switchover("--reason", "fault 39");
      expect(endOf(end)).toEqual({ code: 2, outcome: "refused" });
      expect(refusals(end.report.findings)).toContain("stick");
      expect(foreign.inspect()).toMatchObject({ extendedPanId: before.extendedPanId, ieee: before.ieee });
      await home.expectWell(from);
    },
    RUN_MS,
  );

  test(
    "fault 40: a stick that holds the network with its old counter goes on above everybody's",
    async () => {
      const to = home.standby();
      const old = to.home.dongle.inspect().nvCounter ?? 0;
      const spoken = home.active().home.dongle.inspect().ramCounter ?? 0;
      expect(spoken).toBeGreaterThan(old);
      expect(endOf(await home.site.lab.switchover("--reason", "fault 40"))).toEqual({ code: 0, outcome: "done" });
      expect(to.home.dongle.inspect().ramCounter ?? 0).toBeGreaterThan(spoken + 1000);
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 42: somebody else has the standby's stick open: refused",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      await hostOf(to).run("setsid flock /dev/ttyUSB0 sleep 300 >/dev/null 2>&1 &");
      mend = () => hostOf(to).signal("sleep 300", "SIGKILL");
      await until(
        () =>
          hostOf(to)
            .processes()
            .some(({ commandLine }) => commandLine === "sleep 300"),
        "it is open",
      );
      const end = await home.site.lab.switchover("--reason", "fault 42");
      expect(endOf(end)).toEqual({ code: 2, outcome: "refused" });
      expect(refusals(end.report.findings)).toContain("stick-present");
      expect(end.report.message).toMatch(/uses the standby's coordinator/);
      hostOf(to).signal("flock", "SIGKILL");
      hostOf(to).signal("sleep 300", "SIGKILL");
      await home.expectWell(from);
    },
    RUN_MS,
  );
});
