import { readFileSync, writeFileSync } from "node:fs";
import type { WorkflowHandle } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { Outlet } from "../../../lab/home/outlet.ts";
import type { NamespaceHome } from "../../../lab/namespaces/create-home.ts";
import type { HandoverReport } from "../../../workflows/contract.ts";
import { snmpDevice } from "../../fencing/support/snmp-device.ts";
import type { SnmpDevice } from "../../fencing/support/snmp-device.ts";
import { until } from "../../home/support/bring-up.ts";
import { ALL_WELL, bringUpSystem, expectServing, isRoot } from "./support/bring-up.ts";
import type { NodeName, SystemHome } from "./support/bring-up.ts";

/** The outlets of an APC MasterSwitch: a on 1, b on 2, by what the owner wrote into understudy.yaml. */
const OUTLETS: Readonly<Record<NodeName, string>> = {
  a: "1.3.6.1.4.1.318.1.1.4.4.2.1.3.1",
  b: "1.3.6.1.4.1.318.1.1.4.4.2.1.3.2",
};
const [ON, OFF] = [1, 2];

describe.skipIf(!isRoot)("a PDU by SNMP, and the drill that proves its wiring", () => {
  let lab: SystemHome;
  let pdu: SnmpDevice;
  /** What really hangs on each outlet. */
  const wired = new Map<string, Outlet>();

  beforeAll(async () => {
    pdu = await snmpDevice({
      values: { [OUTLETS.a]: ON, [OUTLETS.b]: ON },
      communities: { private: "write" },
      effects: (oid, value) => {
        wired.get(oid)?.order(value === OFF ? "off" : "on");
        return {};
      },
    });
    lab = await bringUpSystem({ devices: 2, init: "openrc" }, writeLadders);
    for (const name of ["a", "b"] as const)
      wired.set(OUTLETS[name], new Outlet({ name: `outlet of ${name}`, load: lab.node(name) }));
  });
  afterAll(async () => {
    await lab?.end();
    pdu?.close();
  });

  function writeLadders({ home }: NamespaceHome): void {
    const document = parseDocument(readFileSync(home.configFile, "utf8"));
    for (const [index, outlet] of [1, 2].entries()) {
      const snmp = { host: "127.0.0.1", port: pdu.port, preset: "apc-masterswitch", outlet, community: "private" };
      document.setIn(["services", "zigbee", "nodes", index, "fencing"], ["ssh", { snmp }, "person"]);
    }
    writeFileSync(home.configFile, document.toString());
  }

  async function fenceTest(node: NodeName): Promise<{ code: number; report: HandoverReport }> {
    const { code, stdout } = await lab.understudy.run(["fence", "test", "--node", node, "--yes", "-o", "json"]);
    return { code, report: JSON.parse(stdout) as HandoverReport };
  }

  const tested = async () => (await lab.serviceState()).fenceTests ?? {};

  test("the active node is not switched off for a drill", async () => {
    await expectServing(lab, "a");
    const { code, report } = await fenceTest("a");
    expect({ code, outcome: report.outcome, message: report.message }).toEqual({
      code: 2,
      outcome: "refused",
      message: expect.stringContaining("The service runs there"),
    });
    expect(pdu.sets).toEqual([]);
  });

  test("fault 24: an outlet that switches nothing of ours is found out, and gets its power back", async () => {
    const real = wired.get(OUTLETS.b);
    wired.delete(OUTLETS.b);
    const { code, report } = await fenceTest("b");
    if (real) wired.set(OUTLETS.b, real);
    expect({ code, outcome: report.outcome, message: report.message }).toEqual({
      code: 4,
      outcome: "failed",
      message: expect.stringContaining("still answers"),
    });
    expect(pdu.get(OUTLETS.b)).toBe(ON);
    expect(await tested()).toEqual({});
  });

  test("a standby goes and comes back under another boot, and its mapping is proven", async () => {
    const before = lab.node("b").namespaceHost.bootId;
    const { code, report } = await fenceTest("b");
    expect({ code, outcome: report.outcome, message: report.message }).toEqual({
      code: 0,
      outcome: "done",
      message: "Proven: snmp 127.0.0.1 outlet 2 switches b and nothing else.",
    });
    await wired.get(OUTLETS.b)?.settled();
    expect(lab.node("b").namespaceHost.bootId).not.toBe(before);
    expect(await tested()).toEqual({
      b: [{ mapping: expect.any(String), at: expect.any(String), by: expect.any(String) }],
    });
    await expectServing(lab, "a");
    const status = await lab.understudy.run(["fence", "status"]);
    expect(status.stdout).toMatch(/ b .* snmp 127\.0\.0\.1 outlet 2 .* host off .* proven \d+ s ago/);
    expect(status.stdout).toMatch(/ a .* snmp 127\.0\.0\.1 outlet 1 .* never proven: not used/);
  });

  test.each<[string, (handover: WorkflowHandle) => unknown]>([
    ["the worker is killed", () => lab.kill("worker")],
    ["Temporal's server is killed", () => lab.kill("server")],
    ["the test is terminated", (handover) => handover.terminate("by a person, in Temporal's UI")],
    ["the test is cancelled", (handover) => handover.cancel()],
  ])(
    "%s between off and on: the node gets its power back",
    async (_case, strike) => {
      const before = lab.node("b").namespaceHost.bootId;
      const test = fenceTest("b").catch(() => undefined);
      await until(() => pdu.get(OUTLETS.b) === OFF, "it is switched off");
      await strike(lab.temporal.workflow.getHandle("handover:zigbee"));
      await until(() => pdu.get(OUTLETS.b) === ON, "its power is back", 120_000);
      await test;
      await wired.get(OUTLETS.b)?.settled();
      const isBack = () => ![undefined, before].includes(lab.node("b").namespaceHost.bootId);
      await until(isBack, "it booted", 60_000);
      await expectServing(lab, "a");
    },
    300_000,
  );

  test("fault 24: in a failover, an outlet whose wiring was never proven is left alone, and a person is asked", async () => {
    for (const verb of [
      ["setup", "--yes"],
      ["sync", "--enrol-blank-stick"],
    ]) {
      const { code, stdout } = await lab.understudy.run([...verb, "-o", "json"]);
      expect({ verb, code, stdout: code === 0 ? "" : stdout }).toEqual({ verb, code: 0, stdout: "" });
    }
    const switched = pdu.sets.length;
    await lab.node("a").namespaceHost.freeze();
    const begun = await lab.understudy.run(["failover", "--to", "b", "--yes", "--detach"]);
    expect(begun.code).toBe(0);
    await until(async () => (await lab.progress())?.waitsForPerson !== undefined, "a person is asked", 120_000);
    const { waitsForPerson, steps } = (await lab.progress()) ?? {};
    // A frozen host leaves its radio on the air, which the standby's stick hears.
    expect(waitsForPerson).toMatchObject({ node: "a", vetoed: true });
    expect(steps?.find(({ name }) => name === "fenceNode")?.detail).toBe(
      "not proven (ssh: failed, snmp 127.0.0.1 outlet 1: failed, person: failed)",
    );
    expect(pdu.sets.length).toBe(switched);
    expect(lab.node("b").dongle.onAir).toBe(false);
    await lab.node("a").namespaceHost.thaw();
    expect(lab.home.facts()).toEqual(ALL_WELL);
  }, 300_000);
});
