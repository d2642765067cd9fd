import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endOf, isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

/** Well above `failover.after` and the looks that follow it. */
const LONG_ENOUGH_MS = 35_000;

/** Where Debian puts libfaketime, by architecture. */
function findLibfaketime(): string | undefined {
  return readdirSync("/usr/lib", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.endsWith("-linux-gnu"))
    .map(({ name }) => join("/usr/lib", name, "faketime/libfaketime.so.1"))
    .find((file) => readdirSync(join(file, "../..")).includes("faketime"));
}

describe.skipIf(!isRoot)("fault 08: the clock of Understudy jumps, in a home that is armed", () => {
  const directory = mkdtempSync(join(tmpdir(), "understudy-clock-"));
  const offset = join(directory, "offset");
  let home: FaultHome;
  const jump = (by: string) => writeFileSync(offset, `${by}\n`);

  beforeAll(async () => {
    jump("+0");
    const library = findLibfaketime();
    if (!library) throw new Error("libfaketime is not installed: apt-get install libfaketime");
    home = await openFaultHome({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    });
    expect((await home.site.lab.understudy.run(["arm"])).code).toBe(0);
  }, RUN_MS);
  afterAll(async () => {
    await home?.site.end();
    rmSync(directory, { recursive: true });
  });

  test.each(["+1h", "-1h", "+0"])(
    "%s: nothing is handed over, nothing restarted",
    async (by) => {
      const active = home.active();
      const { pid } = active.home.zigbee2mqtt;
      const { epoch } = await home.site.lab.serviceState();
      jump(by);
      await pause(LONG_ENOUGH_MS);
      expect((await home.site.lab.serviceState()).epoch).toBe(epoch);
      expect(active.home.zigbee2mqtt.pid).toBe(pid);
      await home.expectWell(active);
    },
    RUN_MS,
  );

  test.each(["+1h", "-1h"])(
    "%s in the middle of a switchover: it is done all the same",
    async (by) => {
      const to = home.standby();
      const handover = home.site.lab.switchover("--reason", `the clock jumps by ${by}`);
      await home.began("dumpNvram");
      jump(by);
      expect(endOf(await handover)).toEqual({ code: 0, outcome: "done" });
      await home.expectWell(to);
    },
    RUN_MS,
  );
});
