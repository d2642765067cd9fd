import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endOf, isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/understudy.mjs", import.meta.url));
/** Longer than the heartbeat that a step may miss. */
const FROZEN_MS = 12_000;

describe.skipIf(!isRoot)("faults of the controller", () => {
  let home: FaultHome;
  beforeAll(async () => {
    home = await openFaultHome();
  }, RUN_MS);
  afterAll(() => home?.site.end());

  test(
    "fault 02: Temporal's server dies in the middle: it waits, goes on, and nothing is demoted",
    async () => {
      const { lab } = home.site;
      const to = home.standby();
      const handover = lab.switchover("--reason", "fault 02");
      await home.began("restoreNvram");
      home.site.signal("server", "SIGKILL");
      expect(endOf(await handover)).toEqual({ code: 0, outcome: "done" });
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 05: schedule, person and Home Assistant at the same moment: one handover, the others are told",
    async () => {
      const { lab } = home.site;
      const to = home.standby();
      const before = (await lab.serviceState()).history.length;
      const order = () => lab.understudy.run(["switchover", "--yes", "-o", "json", "--to", to.name]);
      const ends = await Promise.all([order(), order(), order()]);
      expect(ends.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 6, 6]);
      for (const { code, stdout } of ends) if (code === 6) expect(stdout).toContain("HANDOVER_IN_PROGRESS");
      expect((await lab.serviceState()).history.length).toBe(before + 1);
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 06: the command line is killed: the handover goes on, and `wait` finds it",
    async () => {
      const { lab } = home.site;
      const to = home.standby();
      const args = [PROGRAM, "--config", lab.home.configFile, "switchover", "--yes", "--to", to.name];
      const terminal = spawn(process.execPath, args, {
        env: { ...process.env, ...lab.home.environment },
        stdio: "ignore",
      });
      await home.began("dumpNvram");
      terminal.kill("SIGKILL");
      await once(terminal, "close");
      expect((await lab.understudy.run(["wait", "handover:zigbee", "-o", "json"])).code).toBe(0);
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 07: the worker freezes for longer than its steps may be silent, then goes on: no step counts twice",
    async () => {
      const { lab } = home.site;
      const to = home.standby();
      const handover = lab.switchover("--reason", "fault 07");
      await home.began("restoreNvram");
      home.site.signal("worker", "SIGSTOP");
      await pause(FROZEN_MS);
      home.site.signal("worker", "SIGCONT");
      expect(["done", "returned"]).toContain((await handover).report.outcome);
      await home.expectWell(home.site.home.servingNode()?.name === to.name ? to : home.active());
    },
    RUN_MS,
  );
});
