import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parseDocument } from "yaml";
import type { Home } from "../../lab/home/home.ts";
import type { HomeNode } from "../../lab/home/node.ts";
import { Switching } from "../../lab/home/outage.ts";
import { createKeyPair, knownHostsLine } from "../../lab/hosts/keys.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { bringUp, until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { foreignStick } from "./support/foreign-stick.ts";
import { giveOwnPythons, pythonOf } from "./support/node-python.ts";
import { setForService } from "./support/service-settings.ts";

/** Longest time between two commands that the light receives, every 50 ms one: more than a busy machine explains is an outage. */
const PAUSE_MS = 1_500;

let lab: RunningHome;
let home: Home;
let a: HomeNode;
let b: HomeNode;
let spoilPython: ReturnType<typeof giveOwnPythons>;
let switching: Switching;
let begun: { at: number; pid: number | undefined };
/** What mends what a test has spoilt. */
let mend: () => unknown;
const messages: string[] = [];

beforeAll(async () => {
  lab = await bringUp({ devices: 4, driver: "zigpy-znp" }, (made) => {
    spoilPython = giveOwnPythons(made);
    // The owner has told where the broker is, so that a node may have its own way to it.
    setForService(made, [[["mqtt", "server"], made.broker.url]]);
  });
  home = lab.home;
  a = home.node("a");
  b = home.node("b");
  switching = new Switching(home.mqtt, home.light(0).name);
}, 400_000);
afterAll(async () => {
  await switching?.stop();
  await lab?.stop();
});

beforeEach(async () => {
  mend = () => undefined;
  await until(() => lastReception() > Date.now() - 200, "the light obeys");
  begun = { at: Date.now(), pid: a.zigbee2mqtt.pid };
});
afterEach(async () => {
  await mend();
});

test("I11: a blank stick is written only if the user says so", async () => {
  await refused({ check: "stick", node: "b", what: /stick is blank/, next: /--enrol-blank-stick/ });
  expect(b.dongle.inspect()).toMatchObject({ configured: false, panId: undefined, onAir: false });
});

test("I11: a stick that holds a foreign network is left alone", async () => {
  const foreign = await foreignStick(home);
  const before = foreign.inspect();
  await b.unplug();
  symlinkSync((await foreign.plug()).path, b.serialPort);
  mend = async () => {
    rmSync(b.serialPort);
    await foreign.unplug();
    await b.plug();
  };
  const what = new RegExp(`another network .*${before.extendedPanId}, channel 26`);
  await refused({ check: "stick", node: "b", what, next: /own stick/ }, "--enrol-blank-stick");
  expect(foreign.inspect()).toEqual({ ...before, onAir: false, deviceState: 0, ramCounter: undefined });
});

test("the standby's stick is not plugged in", async () => {
  await b.unplug();
  mend = () => b.plug();
  await refused({
    check: "stick-present",
    node: "b",
    what: new RegExp(`no coordinator at ${b.serialPort}`),
    next: /Plug the stick in/,
  });
});

test("the standby shows another host key than it used to", async () => {
  const known = replaceKnownHost(b, (line) => line.replace(/ssh-ed25519 .*/, createKeyPair().public));
  await refused({
    check: "understood",
    node: "b",
    what: /but .*known-hosts line 2 knows it by SHA256:.*another machine answers in its place/,
    next: new RegExp(`ssh-keygen -R '?\\[127.0.0.1\\]:${b.host.port}'? -f ${known} && ssh-keyscan -p ${b.host.port}`),
  });
});

test("the standby's host key is not known", async () => {
  replaceKnownHost(b, () => "");
  await refused({
    check: "understood",
    node: "b",
    what: /shows the ssh-ed25519 key SHA256:\S+, which no known_hosts file lists/,
    next: new RegExp(`compare the fingerprint .*ssh-keyscan -p ${b.host.port} 127.0.0.1 >> `),
  });
});

test("the standby cannot be reached", async () => {
  cutOff(b);
  await refused({ check: "understood", node: "b", what: new RegExp(`127.0.0.1:${b.host.port}`), next: /./ });
});

test("I8: the active node cannot be reached", async () => {
  cutOff(a);
  await refused(
    {
      check: "one-active",
      what: /runs on no node that could be asked, and a could not be/,
      next: /start nothing before/,
    },
    "--to",
    "b",
  );
});

test("zigpy-znp is not installed on the standby", async () => {
  // -S leaves the installed packages out.
  mend = spoilPython(b, 'set -- -S "$@"');
  await refused({
    check: "tool",
    node: "b",
    what: /zigpy-znp is not installed/,
    next: new RegExp(`Install it on b: ${pythonOf(b)} -m pip install zigpy-znp`),
  });
});

test("the standby's Zigbee2MQTT is older", async () => {
  claimVersion(b, "2.13.0");
  await refused({
    check: "versions",
    node: "b",
    what: /2\.13\.0 is older than the active's 2\.14\.1/,
    next: /Update it on b to 2\.14\.1, without starting it/,
  });
});

test("the standby's Zigbee2MQTT is newer", async () => {
  claimVersion(b, "2.15.0");
  await refused({
    check: "versions",
    node: "b",
    what: /2\.15\.0 is newer than the active's 2\.14\.1/,
    next: /policy\.allowNewerStandby: true/,
  });
});

test("I4: the configuration does not match the coordinator", async () => {
  const { channel, panId = 0 } = a.dongle.inspect();
  const otherKey = Array.from({ length: 16 }, (_, index) => 200 + index);
  editConfiguration(a, (set) => {
    set(["advanced", "channel"], 11);
    set(["advanced", "pan_id"], panId + 1);
    set(["advanced", "network_key"], otherKey);
  });
  const what = new RegExp(
    `PAN ID: configuration says ${panId + 1}, coordinator ${panId}; channel: configuration says 11, coordinator ${channel}; network key: configuration and coordinator differ`,
  );
  const report = await refused({ check: "agreement", node: "a", what, next: /docs\/troubleshooting\.md/ });
  expect(JSON.stringify(report)).not.toMatch(/200\D+201/);
});

test("the standby does not reach the broker", async () => {
  const nobody = "127.0.0.1:9";
  editConfiguration(b, (set) => set(["mqtt", "server"], `mqtt://${nobody}`));
  await refused({
    check: "broker",
    node: "b",
    what: new RegExp(`broker ${nobody} cannot be reached from the standby`),
    next: /mqtt\.server under set/,
  });
});

test("devices may join at the moment", async () => {
  await permitJoin(true);
  mend = () => permitJoin(false);
  await refused({ check: "quiet", node: "a", what: /Devices may join/, next: /switch it off/ });
});

test("I2: the service runs on both nodes", async () => {
  // What the service manager takes for Zigbee2MQTT, without its radio: a real one would be a second coordinator on the air.
  const { directory, pidFile } = b.host.zigbee2mqtt;
  await b.host.run(`setsid sh -c 'while :; do sleep 1; done' '${directory}/index.js' & echo $! > '${pidFile}'`);
  mend = () => b.zigbee2mqtt.stop();
  await until(() => b.zigbee2mqtt.running, "it seems to run on b");
  await refused({
    check: "one-active",
    what: /runs on a and b at the same time/,
    next: /Stop it at once on the node that should not run it/,
  });
});

test("the node that shall take over is the active one", async () => {
  await refused(
    { check: "roles", node: "a", what: /a is the active node already/, next: /Name another one/ },
    "--to",
    "a",
  );
});

test("with the owner's word a newer standby may take over, and then every check passes", async () => {
  setForService(home, [[["policy", "allowNewerStandby"], true]]);
  await restartUnderstudy();
  claimVersion(b, "2.15.0");
  const { code, report } = await lab.switchover("--rehearse", "--enrol-blank-stick");
  expect(report.findings.filter(({ ok }) => !ok)).toEqual([]);
  expect({ code, outcome: report.outcome }).toEqual({ code: 0, outcome: "rehearsed" });
  expect(report.findings).toContainEqual(
    expect.objectContaining({ check: "versions", ok: true, what: expect.stringContaining("2.15.0 is newer") }),
  );
  nothingHappened();
});

test("the nodes name different brokers, and nobody has said which is right", async () => {
  setForService(home, [[["mqtt"], undefined]]);
  await restartUnderstudy();
  editConfiguration(b, (set) => set(["mqtt", "server"], "mqtt://127.0.0.1:9"));
  const { code, report } = await lab.switchover();
  expect({ code, outcome: report.outcome }).toEqual({ code: 2, outcome: "refused" });
  expect(report.error).toMatchObject({
    id: "NODE_NOT_UNDERSTOOD",
    what: expect.stringContaining("use different brokers"),
    next: expect.stringContaining("mqtt.server of zigbee"),
  });
  nothingHappened();
});

test("each refusal has a message of its own", () => {
  expect(messages.length).toBeGreaterThan(10);
  expect(new Set(messages).size).toBe(messages.length);
});

interface Expected {
  readonly check: string;
  readonly node?: string;
  readonly what: RegExp;
  readonly next: RegExp;
}

/** The switchover is refused by this check and for this reason, and nobody at home has noticed. */
async function refused({ check, node, what, next }: Expected, ...args: string[]): Promise<HandoverReport> {
  const { code, report } = await lab.switchover(...args);
  expect({ code, outcome: report.outcome }).toEqual({ code: 2, outcome: "refused" });
  const refusals = report.findings.filter(({ ok }) => !ok);
  expect(refusals).toContainEqual({
    check,
    ...(node ? { node } : {}),
    ok: false,
    what: expect.stringMatching(what),
    next: expect.stringMatching(next),
  });
  expect(report.message).toMatch(/^Refused before any change: /);
  expect(report.steps.map(({ name }) => name)).toEqual(["cancelSync", "preflight"]);
  nothingHappened();
  messages.push(report.message);
  return report;
}

/** 0 ms of outage: one Zigbee2MQTT and one radio, the same as before, and a light that obeyed all the time. */
function nothingHappened(): void {
  const commands = home.light(0).radio.received.filter(({ at }) => at >= begun.at);
  expect(new Set(commands.map(({ dongle }) => dongle))).toEqual(new Set([a.dongle.name]));
  const times = [begun.at, ...commands.map(({ at }) => at), Date.now()];
  expect(Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))).toBeLessThan(PAUSE_MS);
  expect(a.zigbee2mqtt.pid).toBe(begun.pid);
  expect(home.servingNode()?.name).toBe("a");
  expect(home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
}

function lastReception(): number {
  return home.light(0).radio.received.at(-1)?.at ?? 0;
}

function cutOff(node: HomeNode): void {
  node.host.refuse();
  node.host.sever();
  mend = () => node.host.start();
}

/** Changes a node's line in known_hosts, and ends the connection that was made before. Returns the file's path. */
function replaceKnownHost(node: HomeNode, change: (line: string) => string): string {
  const file = join(home.directory, "known-hosts");
  const before = readFileSync(file, "utf8");
  expect(before).toContain(knownHostsLine(node.host.port, { private: "", public: "" }).trim());
  writeFileSync(
    file,
    before.replace(node.host.knownHostsLine, (line) => change(line.trim()) + "\n"),
  );
  node.host.sever();
  mend = () => {
    writeFileSync(file, before);
    node.host.sever();
  };
  return file;
}

function claimVersion(node: HomeNode, version: string): void {
  const file = join(node.host.zigbee2mqtt.directory, "package.json");
  const before = readFileSync(file, "utf8");
  mend = () => writeFileSync(file, before);
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(before) as object), version }));
}

function editConfiguration(node: HomeNode, edit: (set: (path: string[], value: unknown) => void) => void): void {
  const file = join(node.zigbee2mqtt.dataDirectory, "configuration.yaml");
  const before = readFileSync(file, "utf8");
  mend = () => writeFileSync(file, before);
  const document = parseDocument(before);
  edit((path, value) => document.setIn(path, value));
  writeFileSync(file, document.toString());
}

async function restartUnderstudy(): Promise<void> {
  await lab.understudy.stop();
  await lab.understudy.start(60_000, new AbortController().signal);
}

async function permitJoin(permitted: boolean): Promise<void> {
  const told = home.mqtt.waitFor(
    "bridge/info with permit_join",
    ({ topic, payload }) =>
      topic === "zigbee2mqtt/bridge/info" &&
      (JSON.parse(payload) as { permit_join?: boolean }).permit_join === permitted,
    10_000,
  );
  await home.mqtt.publish("zigbee2mqtt/bridge/request/permit_join", { time: permitted ? 200 : 0 });
  await told;
}
