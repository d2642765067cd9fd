import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkConfig, loadConfig } from "../../config/load.ts";
import { nameRung, mappingOf } from "../../config/name-rung.ts";
import { isPower } from "../../config/fencing.ts";
import { temporaryDirectory } from "./support/files.ts";
import type { Directory } from "./support/files.ts";

let directory: Directory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

/** understudy.yaml whose first node, attic at 10.0.0.2, has these rungs. */
async function file(rungs: string, more = ""): Promise<string> {
  return directory.write(
    "understudy.yaml",
    `services:
  zigbee:
    nodes:
      - name: attic
        host: 10.0.0.2
        user: pi
        fencing:
${rungs.replaceAll(/^/gm, "          ")}
      - name: cellar
        host: 10.0.0.3
        user: pi
${more}`,
  );
}

async function refusals(rungs: string, more?: string): Promise<string[]> {
  const { problems } = await checkConfig(await file(rungs, more));
  return problems.map(({ key, wrong }) => `${key.replace("services.zigbee.nodes[0].fencing", "")} ${wrong}`);
}

const PDU = "- snmp: { host: 10.0.0.9, preset: apc-rpdu, outlet: 3, community: { env: PATH } }";

test("without a ladder there is the rung ssh", async () => {
  const path = await directory.write("understudy.yaml", "services: { zigbee: { nodes: [pi@10.0.0.2, pi@10.0.0.3] } }");
  const { services } = await loadConfig(path);
  expect(services[0]?.nodes.map(({ fencing }) => fencing)).toEqual([[{ kind: "ssh" }], [{ kind: "ssh" }]]);
});

test("a whole ladder, with its secrets from files", async () => {
  await directory.write("snmp", "private\n");
  const path = await file(`- ssh
- snmp:
    host: 10.0.0.9
    preset: apc-rpdu2
    outlet: 3
    user: understudy
    auth: { protocol: sha256, password: { file: snmp } }
    privacy: { protocol: aes, password: { file: snmp } }
    timeout: 10s
- snmp: { host: sw1, preset: poe, group: 2, switchPort: 7, community: { file: snmp }, proves: radio off }
- tasmota: { host: 10.0.0.21 }
- tasmota: { server: "mqtt://10.0.0.4", topic: attic-plug, relay: 2 }
- shelly: { host: 10.0.0.22, password: { file: snmp }, trusted: true }
- agent: { name: fence_ipmilan, options: { ip: 10.0.0.30, lanplus: true }, secrets: { password: { file: snmp } } }
- person`);
  const { services } = await loadConfig(path);
  const [attic] = services[0]?.nodes ?? [];
  expect(attic?.fencing.map(nameRung)).toEqual([
    "ssh",
    "snmp 10.0.0.9 outlet 3",
    "snmp sw1 port 2.7",
    "tasmota 10.0.0.21",
    "tasmota attic-plug relay 2",
    "shelly 10.0.0.22",
    "agent fence_ipmilan",
    "person",
  ]);
  expect(attic?.fencing[1]).toMatchObject({
    login: { user: "understudy", auth: { password: "private" }, privacy: { protocol: "aes" } },
    at: { on: 1, off: 2, statusOn: 2, statusOff: 1 },
    proves: "host off",
    trusted: false,
    timeoutMs: 10_000,
  });
  expect(attic?.fencing.filter(isPower).map(({ proves }) => proves)).toEqual([
    "host off",
    "radio off",
    "host off",
    "host off",
    "host off",
    "host off",
  ]);
});

test("a command that needs no secrets reads none", async () => {
  const { services } = await loadConfig(await file("- shelly: { host: plug, password: { file: missing } }"), {
    readSecrets: false,
  });
  expect(services[0]?.nodes[0]?.fencing[0]).not.toHaveProperty("password");
});

describe("fault 25: a rung that goes through what it fences is refused", () => {
  test.each([
    ["a plug at the node's own address", "- shelly: { host: 10.0.0.2 }", "[0].shelly.host is the node that"],
    [
      "an agent that asks the node",
      "- agent: { name: fence_ilo, options: { ip: 10.0.0.2 } }",
      "[0].agent.options.ip is the node that",
    ],
    [
      "a plug whose broker runs on the node",
      "- tasmota: { server: 'mqtt://10.0.0.2:1883', topic: attic-plug }",
      "[0].tasmota.server goes through a broker on the node",
    ],
    [
      "a Zigbee plug",
      "- tasmota: { server: 'mqtt://10.0.0.4', topic: zigbee2mqtt/plug }",
      "[0].tasmota.topic is a Zigbee device",
    ],
    [
      "a command that logs in to the node",
      "- command: { off: ssh pi@10.0.0.2 poweroff, status: /usr/bin/look }",
      "[0].command.off names the node",
    ],
    [
      "a command that publishes to a Zigbee plug",
      "- command: { off: mosquitto_pub -t zigbee2mqtt/plug/set -m OFF, status: /usr/bin/look }",
      "[0].command.off is a Zigbee device",
    ],
  ])("%s", async (_what, rungs, expected) => {
    expect(await refusals(rungs)).toEqual([expect.stringContaining(expected)]);
  });

  test("the service's own broker, where that runs on the node", async () => {
    const service = "    mqtt: { server: 'mqtt://10.0.0.2:1883' }\n";
    const [wrong] = await refusals("- tasmota: { topic: attic-plug }", service);
    expect(wrong).toContain("[0].tasmota goes through a broker on the node");
    expect(await refusals("- tasmota: { topic: attic-plug }", service.replace("0.2", "0.4"))).toEqual([]);
  });

  test("each refusal says what to do instead", async () => {
    const { problems } = await checkConfig(await file("- shelly: { host: 10.0.0.2 }"));
    expect(problems[0]?.mend).toContain("name the plug, PDU or switch that powers the node");
  });
});

describe("what proves nothing is not taken for a proof", () => {
  test.each([
    [
      "a port without network",
      "- snmp: { host: sw1, preset: ifadmin, switchPort: 7, community: { env: PATH }, proves: host off }",
      "[0].snmp.proves is more than it can prove",
    ],
    [
      "an agent that cuts a network",
      "- agent: { name: fence_ifmib, proves: host off }",
      "[0].agent.proves is more than this agent can prove",
    ],
    ["commands without a status", "- command: { off: /usr/bin/off }", "[0].command.status is missing"],
    ["one outlet for two nodes", PDU, "[0] is also a rung of another node"],
  ])("%s", async (_what, rungs, expected) => {
    const shared = expected.includes("another node") ? `        fencing:\n          ${PDU}\n` : "";
    const wrong = await refusals(rungs, shared);
    expect(wrong).toEqual([expect.stringContaining(expected.replace(/^\[0\] is/, "is"))]);
  });
});

test.each([
  ["a person in the middle", "- person\n- ssh", "[0] stands before other rungs"],
  ["no such rung", "- power", "[0] must be ssh, person"],
  ["two kinds in one", "- { shelly: { host: a }, tasmota: { host: b } }", "[0] needs exactly one of"],
  [
    "an outlet that is not named",
    "- snmp: { host: a, preset: apc-rpdu, community: { env: PATH } }",
    "does not say which outlet",
  ],
  [
    "v2c and v3 at once",
    "- snmp: { host: a, preset: poe, switchPort: 1, user: u, community: { env: PATH } }",
    "needs exactly one of community",
  ],
  [
    "the same integer for on and off",
    "- snmp: { host: a, oid: '1.3.6.1.4.1.1', on: 1, off: 1, community: { env: PATH } }",
    "same integer",
  ],
  ["neither host nor topic", "- tasmota: { relay: 1 }", "needs exactly one of host (HTTP) and topic (MQTT)"],
  ["an action of its own", "- agent: { name: fence_x, options: { action: reboot } }", "is given by Understudy itself"],
  ["a password among the options", "- agent: { name: fence_x, options: { password: x } }", "is a secret"],
])("refused: %s", async (_what, rungs, expected) => {
  expect(await refusals(rungs)).toEqual([expect.stringContaining(expected)]);
});

test("another outlet, or another host behind it, is another mapping; another password is not", async () => {
  const mapping = async (rung: string, host = "10.0.0.2") => {
    const { services } = await loadConfig(await file(rung));
    const [first] = services[0]?.nodes[0]?.fencing ?? [];
    if (!first || !isPower(first)) throw new Error("no rung");
    return mappingOf(first, host);
  };
  const known = await mapping(PDU);
  expect(known).toMatch(/^snmp 10\.0\.0\.9 outlet 3 #[0-9a-f]{12}$/);
  expect(await mapping(PDU.replace("PATH", "HOME"))).toBe(known);
  expect(await mapping(PDU.replace("outlet: 3", "outlet: 4"))).not.toBe(known);
  expect(await mapping(PDU.replace("apc-rpdu,", "apc-masterswitch,"))).not.toBe(known);
  expect(await mapping(PDU, "10.0.0.5")).not.toBe(known);
});
