import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Finding } from "../../../workflows/contract.ts";
import { bringUpSystem, isRoot } from "./support/bring-up.ts";
import type { NodeName, SystemHome } from "./support/bring-up.ts";
import { Household } from "./support/untouched.ts";

const PASSWORD = "correct horse";

describe.skipIf(!isRoot)("refused before any change, with 0 ms of outage", () => {
  let lab: SystemHome;
  let household: Household;
  /** Undoes what a test has done to the home. */
  let mend: () => Promise<unknown>;
  const messages: string[] = [];

  beforeAll(async () => {
    lab = await bringUpSystem({
      devices: 4,
      init: ["openrc", "systemd"],
      sudo: { kind: "password", password: PASSWORD },
    });
    household = new Household(lab, "a");
  });
  afterAll(async () => {
    await household?.stop();
    await lab?.end();
  });
  beforeEach(async () => {
    mend = async () => {};
    await household.settle();
  });
  afterEach(() => mend());

  const host = (node: NodeName) => lab.node(node).namespaceHost;

  /** The switchover is refused for exactly this reason, and nobody at home has noticed. Returns what to do next. */
  async function refused(expected: { check: string; node: NodeName; what: RegExp; next: RegExp }): Promise<string> {
    const { code, report } = await lab.switchover("--enrol-blank-stick");
    expect({ code, outcome: report.outcome }).toEqual({ code: 2, outcome: "refused" });
    const refusals = report.findings.filter(({ ok }) => !ok);
    expect(refusals).toContainEqual({
      ...expected,
      ok: false,
      what: expect.stringMatching(expected.what),
      next: expect.stringMatching(expected.next),
    });
    expect(refusals.every(({ node }) => node === undefined || node === expected.node)).toBe(true);
    expect(report.message).toMatch(new RegExp(`^Refused before any change: ${expected.node}: `));
    expect(report.steps.map(({ name }) => name)).toEqual(["cancelSync", "preflight"]);
    household.expectUntouched();
    messages.push(report.message);
    return refusals.find(({ check }) => check === expected.check)?.next ?? "";
  }

  async function findings(): Promise<readonly Finding[]> {
    return (await lab.switchover("--rehearse", "--enrol-blank-stick")).report.findings;
  }

  test("I2: Zigbee2MQTT starts at boot, by a runlevel of OpenRC; the command in the message mends it", async () => {
    await host("a").run("rc-update add zigbee2mqtt default");
    const next = await refused({
      check: "autostart",
      node: "a",
      what: /starts the service at boot.*runlevel default starts zigbee2mqtt/,
      next: /^rc-update del zigbee2mqtt default$/,
    });
    await host("a").run(next);
    expect((await findings()).filter(({ ok }) => !ok)).toEqual([]);
  });

  test("I2: Zigbee2MQTT starts at boot, enabled in systemd; the command in the message mends it", async () => {
    await host("b").run("systemctl enable zigbee2mqtt");
    const next = await refused({
      check: "autostart",
      node: "b",
      what: /starts zigbee2mqtt.service at boot \(enabled\)/,
      next: /^systemctl disable zigbee2mqtt.service$/,
    });
    await host("b").run(next);
    expect((await findings()).filter(({ ok }) => !ok)).toEqual([]);
  });

  test("I2: systemd starts Zigbee2MQTT again after a crash", async () => {
    const dropIn = "/etc/systemd/system/zigbee2mqtt.service.d";
    await host("b").run(
      `mkdir -p ${dropIn} && printf '[Service]\\nRestart=on-failure\\n' >${dropIn}/restart.conf && systemctl daemon-reload`,
    );
    mend = () => host("b").run(`rm -r ${dropIn} && systemctl daemon-reload`);
    await refused({
      check: "autostart",
      node: "b",
      what: /after a crash.*Restart=on-failure/,
      next: /systemctl edit zigbee2mqtt.service.*Restart=no/,
    });
  });

  test("the password for sudo is not the configured one", async () => {
    await host("b").run("echo 'pi:another' | chpasswd");
    mend = () => host("b").run(`echo 'pi:${PASSWORD}' | chpasswd`);
    await refused({
      check: "understood",
      node: "b",
      what: /sudo refused the configured password/,
      next: /correct the sudo password for this node/,
    });
    expect(messages.at(-1)).not.toContain(PASSWORD);
  });

  test("the standby's disk is full", async () => {
    await host("b").fillDisk("/");
    mend = () => host("b").freeDisk("/");
    await refused({
      check: "disk",
      node: "b",
      what: /Only \d+ MiB are free in \S+, \d+ MiB are needed/,
      next: /Make room there/,
    });
  });

  test("the active node's disk is nearly full", async () => {
    // Enough for Zigbee2MQTT to go on, which writes its database and its log.
    await host("a").fillDisk("/", 6 * 1024 * 1024);
    mend = () => host("a").freeDisk("/");
    await refused({ check: "disk", node: "a", what: /Only \d+ MiB are free/, next: /Make room there/ });
  });

  test("the standby does not reach the broker, and everybody else does", async () => {
    const route = `blackhole ${lab.broker.host.address}/32`;
    await host("b").run(`ip route add ${route}`);
    mend = () => host("b").run(`ip route del ${route}`);
    await refused({
      check: "broker",
      node: "b",
      what: new RegExp(`broker ${lab.broker.host.address}:1883 cannot be reached from the standby`),
      next: /mqtt\.server under set.*firewall/,
    });
  });

  test("the standby is off", async () => {
    await lab.node("b").powerOff();
    mend = () => lab.node("b").powerOn();
    await refused({ check: "understood", node: "b", what: new RegExp(host("b").address), next: /./ });
  });

  test("each of them has a message of its own, and mended, every check passes", async () => {
    expect(new Set(messages).size).toBe(8);
    const found = await findings();
    expect(found.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["autostart", "privileges", "disk", "broker", "stick"]),
    );
    household.expectUntouched();
  });
});
