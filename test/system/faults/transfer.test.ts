import { readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../home/support/bring-up.ts";
import type { HandoverReport } from "../../../workflows/contract.ts";
import type { SiteNode } from "../../faults/site.ts";
import { endOf, hostOf, isRoot, openFaultHome, RUN_MS } from "./support/fault-home.ts";
import type { FaultHome } from "./support/fault-home.ts";

describe.skipIf(!isRoot)("faults of what is copied", () => {
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

  const dataFile = (node: SiteNode, file: string) => join(node.home.zigbee2mqtt.dataDirectory, file);
  const generationsOf = (node: SiteNode) => join(node.outside(node.home.stateDirectory), "generations");
  const newestGeneration = (node: SiteNode) => {
    const generations = generationsOf(node);
    const ids = readdirSync(generations).filter((id) => !id.includes("part"));
    return join(generations, ids.toSorted().at(-1) ?? "");
  };

  test(
    "fault 29: the connection is lost while it is copied: it is taken up again",
    async () => {
      const to = home.standby();
      const handover = home.site.lab.switchover("--reason", "fault 29");
      await home.began("dumpNvram");
      // Copying is over within moments: its beginning is seen on the standby's disk.
      const isCopied = () => readdirSync(generationsOf(to)).some((id) => id.endsWith(".part"));
      await until(isCopied, "it is copied", 120_000);
      for (const node of home.site.nodes) node.cutConnections();
      expect(endOf(await handover)).toEqual({ code: 0, outcome: "done" });
      await home.expectWell(to);
    },
    RUN_MS,
  );

  test(
    "fault 30: the standby's disk fills up half-way: the old node serves again",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      const handover = home.site.lab.switchover("--reason", "fault 30");
      await home.began("stopNode");
      await hostOf(to).fillDisk("/");
      mend = () => hostOf(to).freeDisk("/");
      const end = await handover;
      expect(endOf(end)).toEqual({ code: 3, outcome: "returned" });
      expect(end.report.error).toMatchObject({ id: "DISK_FULL", node: to.name });
      await hostOf(to).freeDisk("/");
      await home.expectWell(from);
    },
    RUN_MS,
  );

  test(
    "fault 31: what was copied is cut short on the standby's disk: it is not used",
    async () => {
      const [from, to] = [home.active(), home.standby()];
      const handover = home.site.lab.switchover("--reason", "fault 31");
      await home.began("restoreNvram");
      const archive = join(newestGeneration(to), "data.tar");
      truncateSync(archive, Math.floor(readFileSync(archive).length / 2));
      const end = await handover;
      expect(endOf(end)).toEqual({ code: 3, outcome: "returned" });
      expect(end.report.error).toMatchObject({ id: "GENERATION_INVALID", node: to.name });
      await home.expectWell(from);
    },
    RUN_MS,
  );

  test(
    "fault 32: the active node's backup is cut short: refused, nobody notices",
    async () => {
      const from = home.active();
      const file = dataFile(from, "coordinator_backup.json");
      const whole = readFileSync(file);
      truncateSync(file, Math.floor(whole.length / 2));
      mend = () => writeFileSync(file, whole);
      const end = await home.site.lab.switchover("--reason", "fault 32");
      expect(endOf(end)).toEqual({ code: 2, outcome: "refused" });
      writeFileSync(file, whole);
      await home.expectWell(from);
    },
    RUN_MS,
  );

  test.each([
    ["a switchover is refused, and replaces them where a person agrees", "switchover"],
    ["a failover replaces them, and says so", "failover"],
  ])(
    "fault 33: the standby's files were edited by hand: %s; they are kept",
    async (_case, verb) => {
      const [from, to] = [home.active(), home.standby()];
      expect((await home.site.lab.understudy.run(["sync"])).code).toBe(0);
      const file = dataFile(to, "configuration.yaml");
      const edited = readFileSync(file, "utf8").replace(/channel: \d+/, "channel: 26");
      writeFileSync(file, edited);
      const database = dataFile(to, "database.db");
      writeFileSync(database, readFileSync(database, "utf8").split("\n").slice(0, 2).join("\n"));
      // A sync in between takes nothing for granted.
      expect((await home.site.lab.understudy.run(["sync"])).code).toBe(0);

      if (verb === "switchover") {
        const refused = await home.site.lab.switchover("--reason", "fault 33");
        expect(endOf(refused)).toEqual({ code: 2, outcome: "refused" });
        expect(refused.report.message).toContain("configuration.yaml (advanced.channel), database.db");
        await home.expectWell(from);
      }
      const more = verb === "switchover" ? ["--accept-edits"] : ["--to", to.name];
      const { code, stdout } = await home.site.lab.understudy.run([verb, "--yes", "-o", "json", ...more]);
      const report = JSON.parse(stdout) as HandoverReport;
      expect({ code, outcome: report.outcome }).toEqual({ code: 0, outcome: "done" });
      expect(report.message).toContain(
        `What somebody had changed by hand in its files was replaced, and is kept on ${to.name}`,
      );
      const kept = join(to.outside(to.home.stateDirectory), "replaced");
      const newest = readdirSync(kept).toSorted().at(-1) ?? "";
      expect(readFileSync(join(kept, newest, "configuration.yaml"), "utf8")).toBe(edited);
      await until(() => home.site.home.servingNode()?.name === to.name, "it serves");
      await home.expectWell(to);
    },
    RUN_MS,
  );
});
