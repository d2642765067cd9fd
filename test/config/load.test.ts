import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkConfig, loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import type { UserConfig } from "../../config/user-config.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { temporaryDirectory, type Directory } from "./support/files.ts";

let directory: Directory;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await directory.remove();
});

async function load(text: string): Promise<UserConfig> {
  return loadConfig(await directory.write("understudy.yaml", text));
}

async function mistakes(text: string): Promise<string[]> {
  const { problems } = await checkConfig(await directory.write("understudy.yaml", text));
  return problems.map((problem) => formatProblem("understudy.yaml", problem));
}

async function failure(promise: Promise<unknown>): Promise<UnderstudyError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UnderstudyError)) throw new Error("expected an UnderstudyError", { cause: error });
  return error;
}

/** A service's nodes, then what the case is about. */
const NODES = "services:\n  zigbee:\n    nodes: [pi@10.0.0.2, pi@10.0.0.3]\n";

describe("five lines", () => {
  test("are a whole configuration", async () => {
    const config = await load("services:\n  zigbee:\n    nodes:\n      - pi@10.0.0.2\n      - root@[fe80::1]:2222\n");
    expect(config.services[0]).toMatchObject({
      name: "zigbee",
      type: "zigbee2mqtt",
      nodes: [
        {
          name: "10.0.0.2",
          ssh: { user: "pi", host: "10.0.0.2", port: 22, knownHostsFiles: [join(homedir(), ".ssh/known_hosts")] },
          privilege: "auto",
        },
        { name: "fe80--1", ssh: { user: "root", host: "fe80::1", port: 2222 } },
      ],
      policy: { keepGenerations: 5, proofTimeoutMs: 15_000 },
    });
    expect(config.temporal).toMatchObject({
      address: undefined,
      namespace: "default",
      taskQueue: "understudy",
      ownServer: { port: 7233, uiPort: 8233 },
    });
    expect(config.warnings).toEqual([]);
  });

  test("may name more than two nodes", async () => {
    const config = await load("services:\n  zigbee:\n    nodes: [pi@a, pi@b, pi@c]\n");
    expect(config.services[0]?.nodes.map((node) => node.name)).toEqual(["a", "b", "c"]);
  });
});

describe("a node's settings", () => {
  test("win over those of the service, key by key", async () => {
    const config = await load(`services:
  zigbee:
    node:
      user: pi
      port: 2200
      privilege: sudo
      ssh: { keepalive: 1m, connectTimeout: 500ms, knownHosts: [a, /b] }
      set: { frontend.port: 80 }
    nodes:
      - host: a
        ssh: { keepalive: 2s, jump: { host: gw, user: me, jump: you@gw2:23 } }
        set: { frontend.host: 10.0.0.2 }
      - root@b:22
`);
    expect(config.services[0]?.nodes[0]).toMatchObject({
      ssh: {
        user: "pi",
        port: 2200,
        keepaliveMs: 2000,
        connectTimeoutMs: 500,
        knownHostsFiles: [join(directory.path, "a"), "/b"],
        jump: {
          host: "gw",
          user: "me",
          port: 22,
          knownHostsFiles: [join(directory.path, "a"), "/b"],
          jump: { host: "gw2", user: "you", port: 23 },
        },
      },
      set: { "frontend.port": 80, "frontend.host": "10.0.0.2" },
      setAt: {
        "ssh.keepalive": 11,
        "ssh.connectTimeout": 7,
        "set.frontend.host": 12,
        "set.frontend.port": 8,
        privilege: 6,
        host: 10,
      },
    });
    expect(config.services[0]?.nodes[1]).toMatchObject({
      ssh: { user: "root", port: 22, keepaliveMs: 60_000 },
      privilege: "sudo",
    });
  });

  test("paths begin at the file's directory, ~ is the home", async () => {
    await directory.write("id", "key", 0o600);
    const config = await load(
      "services:\n  zigbee:\n    node: { ssh: { identityFile: id, agent: ~/agent } }\n    nodes: [pi@a, pi@b]\n",
    );
    expect(config.services[0]?.nodes[0]?.ssh).toMatchObject({
      identityFile: join(directory.path, "id"),
      agent: join(homedir(), "agent"),
    });
  });

  test("a service manager is one of four", async () => {
    const config = await load(`services:
  zigbee:
    nodes:
      - { host: a, user: pi, service: { openrc: z } }
      - { host: b, user: pi, service: { systemd: z } }
      - { host: c, user: pi, service: { docker: z } }
      - { host: d, user: pi, service: { commands: { start: a, stop: b, status: c } } }
`);
    expect(config.services[0]?.nodes.map((node) => node.manager)).toEqual([
      { kind: "openrc", name: "z" },
      { kind: "systemd", unit: "z.service" },
      { kind: "docker", container: "z" },
      { kind: "commands", start: "a", stop: "b", status: "c" },
    ]);
  });

  test("one machine may have two coordinators", async () => {
    const config = await load(`services:
  zigbee:
    nodes:
      - { name: l, host: a, user: pi, service: { openrc: l }, zigbee2mqtt: { data: /l } }
      - { name: r, host: a, user: pi, service: { openrc: r }, zigbee2mqtt: { data: /r } }
`);
    expect(config.services[0]?.nodes.map((node) => node.name)).toEqual(["l", "r"]);
  });
});

test("a node's own way to reset its coordinator takes the place of that of all nodes", async () => {
  const config = await load(`services:
  zigbee:
    node: { user: pi, coordinator: { reset: { line: zbdongle-p } } }
    nodes:
      - host: a
      - { host: b, coordinator: { reset: { usbPort: 1-1.2 } } }
      - { host: c, coordinator: { reset: { command: poe-cycle 7 } } }
`);
  expect(config.services[0]?.nodes.map(({ coordinator }) => coordinator.reset)).toEqual([
    { kind: "line", stick: "zbdongle-p" },
    { kind: "usb-port", usbPort: "1-1.2" },
    { kind: "command", command: "poe-cycle 7" },
  ]);
});

describe("secrets", () => {
  const withPassword = (password: string): string => `${NODES}    mqtt: { user: u, password: ${password} }\n`;

  test("come from a file or the environment", async () => {
    await directory.write("secret", "from a file\n");
    vi.stubEnv("UNDERSTUDY_TEST_SECRET", "from the environment");
    expect((await load(withPassword("{ file: secret }"))).services[0]?.mqtt.password).toBe("from a file");
    expect((await load(withPassword("{ env: UNDERSTUDY_TEST_SECRET }"))).services[0]?.mqtt.password).toBe(
      "from the environment",
    );
  });

  test("in clear are taken with a warning that does not repeat them", async () => {
    const config = await load(withPassword("hunter2"));
    expect(config.services[0]?.mqtt.password).toBe("hunter2");
    expect(config.warnings).toEqual([
      "services.zigbee.mqtt.password (line 4) stands in the file in clear; { file: path } or { env: NAME } keeps it out.",
    ]);
  });

  test("are left alone by a program that needs none", async () => {
    const path = await directory.write("understudy.yaml", withPassword("{ file: nowhere }"));
    const config = await loadConfig(path, { readSecrets: false });
    expect(config.services[0]?.mqtt).toMatchObject({ user: "u", password: undefined });
  });

  test.each([
    [
      "{ file: nowhere }",
      "refers to DIR/nowhere, which does not exist.\n    To mend it: create the file, or correct the path (relative paths begin at the directory of understudy.yaml).",
    ],
    [
      "{ file: open }",
      "refers to DIR/open, which others may use (mode 0644).\n    To mend it: run `chmod 600 DIR/open`.",
    ],
    ["{ file: . }", "refers to DIR, which is not a file.\n    To mend it: name a file."],
    ["{ file: empty }", "refers to DIR/empty, which is empty.\n    To mend it: write the secret into the file."],
    [
      "{ file: lines }",
      "refers to DIR/lines, which has more than one line.\n    To mend it: leave nothing but the secret in the file.",
    ],
    [
      "{ env: UNDERSTUDY_TEST_UNSET }",
      "refers to the environment variable UNDERSTUDY_TEST_UNSET, which is not set.\n    To mend it: set UNDERSTUDY_TEST_UNSET, or use { file: path }.",
    ],
    [
      "{ env: UNDERSTUDY_TEST_EMPTY }",
      "refers to the environment variable UNDERSTUDY_TEST_EMPTY, which is empty.\n    To mend it: give UNDERSTUDY_TEST_EMPTY a value.",
    ],
  ])("that cannot be read: %s", async (password, message) => {
    vi.stubEnv("UNDERSTUDY_TEST_EMPTY", "");
    await directory.write("open", "s3cret-in-file", 0o644);
    await directory.write("empty", "\n");
    await directory.write("lines", "s3cret\nand more\n");
    expect(await mistakes(withPassword(password))).toEqual([
      `understudy.yaml:4:22: services.zigbee.mqtt.password ${message.replaceAll("DIR", directory.path)}`,
    ]);
  });

  test.each(["{ hunter2: 1 }", "[hunter2]", "{ hunter2 }", "hunter2: 5", "{ file: [hunter2] }", '{ env: "hunter2 " }'])(
    "of the wrong form are not repeated: %s",
    async (password) => {
      const text = (await mistakes(withPassword(password))).join("\n");
      expect(text).toContain("understudy.yaml:4:");
      expect(text).not.toContain("hunter2");
    },
  );

  test("no message repeats a value of the file", async () => {
    const everywhere = `services:\n  zigbee:\n    type: hunter2\n    nodes: [hunter2, { host: "hunter2 x", user: 'hunter2 ', privilege: hunter2, port: hunter2 }]\n    mqtt: hunter2\n    policy: [hunter2]\ntemporal: { address: hunter2 }\n`;
    const found = await mistakes(everywhere);
    expect(found.length).toBeGreaterThan(7);
    expect(found.join("\n")).not.toContain("hunter2");
  });
});

describe("a mistake is told with file, line, key, what is wrong and how to mend it", () => {
  test.each<[string, string, string[]]>([
    [
      "nothing in it",
      "# only a comment\n\n",
      ["1:1: is empty.\n    To mend it: write at least `services: { zigbee: { nodes: [pi@10.0.0.2, pi@10.0.0.3] } }`."],
    ],
    [
      "no services",
      "temporal: {}\n",
      ["1:1: services is missing.\n    To mend it: add `services: { zigbee: { nodes: [pi@10.0.0.2, pi@10.0.0.3] } }`."],
    ],
    [
      "services without one",
      "services: {}\n",
      [
        "1:1: services names no service.\n    To mend it: write for example `services: { zigbee: { nodes: [pi@10.0.0.2, pi@10.0.0.3] } }`.",
      ],
    ],
    [
      "no nodes",
      "services:\n  zigbee: {}\n",
      ["2:3: services.zigbee.nodes is missing.\n    To mend it: add `nodes: [pi@10.0.0.2, pi@10.0.0.3]`."],
    ],
    [
      "one node",
      "services:\n  zigbee:\n    nodes: [pi@10.0.0.2]\n",
      [
        "3:5: services.zigbee.nodes must be a list of at least 2 and at most 16 nodes, but is a list of 1.\n    To mend it: write for example `nodes: [pi@10.0.0.2, pi@10.0.0.3]`.",
      ],
    ],
    [
      "no list",
      "services:\n  zigbee:\n    nodes: pi@10.0.0.2\n",
      [
        "3:12: services.zigbee.nodes must be a list of at least 2 and at most 16 nodes, but is a text.\n    To mend it: write for example `nodes: [pi@10.0.0.2, pi@10.0.0.3]`.",
      ],
    ],
    [
      "a mistyped key",
      `${NODES}    polcy: {}\n`,
      [
        '4:5: services.zigbee.polcy is not a key that exists here.\n    To mend it: write "policy", if that was meant, or remove it.',
      ],
    ],
    [
      "a key in another spelling",
      `${NODES}    policy: { keep_generations: 3 }\n`,
      [
        '4:15: services.zigbee.policy.keep_generations is not a key that exists here.\n    To mend it: write "keepGenerations", if that was meant, or remove it.',
      ],
    ],
    [
      "a key nobody knows",
      `${NODES}    mqtt: { xyz: 3 }\n`,
      [
        "4:13: services.zigbee.mqtt.xyz is not a key that exists here.\n    To mend it: remove it; possible here: server, user, password, ca, rejectUnauthorized, baseTopic.",
      ],
    ],
    [
      "a node without a user",
      "services:\n  zigbee:\n    nodes:\n      - 10.0.0.2\n      - pi@10.0.0.3\n",
      [
        "4:9: services.zigbee.nodes[0] must be user@host or user@host:port, which it is not.\n    To mend it: write for example `- pi@10.0.0.2`.",
      ],
    ],
    [
      "a node object without a user",
      "services:\n  zigbee:\n    nodes:\n      - host: a\n      - pi@b\n",
      [
        "4:9: services.zigbee.nodes[0] does not say which user to log in as.\n    To mend it: add `user: pi` here, or below `node:` for all nodes.",
      ],
    ],
    [
      "a node that is a number",
      "services:\n  zigbee:\n    nodes: [7, pi@b]\n",
      [
        "3:13: services.zigbee.nodes[0] must be user@host or a node's settings (host, user, …), but is a number.\n    To mend it: write for example `- pi@10.0.0.2`; without quotes it is not a text.",
      ],
    ],
    [
      "a port too high",
      "services:\n  zigbee:\n    nodes: [pi@a:70000, pi@b]\n",
      [
        "3:13: services.zigbee.nodes[0] has a port outside 1 to 65535.\n    To mend it: write for example `- pi@10.0.0.2`.",
      ],
    ],
    [
      "a port of 0",
      `services:\n  zigbee:\n    node: { port: 0 }\n    nodes: [pi@a, pi@b]\n`,
      [
        "3:19: services.zigbee.node.port must be a port from 1 to 65535, which it is not.\n    To mend it: write for example `port: 22`.",
      ],
    ],
    [
      "a duration without a unit",
      `${NODES}    policy:\n      proofTimeout: 15\n`,
      [
        "5:21: services.zigbee.policy.proofTimeout must be a duration such as 500ms, 15s, 5m or 1h, but is a number.\n    To mend it: write for example `proofTimeout: 15s`.",
      ],
    ],
    [
      "an empty value",
      `${NODES}    policy:\n      keepGenerations:\n`,
      [
        "5:7: services.zigbee.policy.keepGenerations must be a whole number from 1 to 1000, but has no value.\n    To mend it: write `keepGenerations: 5`, or remove the line.",
      ],
    ],
    [
      "a mistyped choice",
      `services:\n  zigbee:\n    node:\n      privilege: sudoo\n    nodes: [pi@a, pi@b]\n`,
      [
        "4:18: services.zigbee.node.privilege must be one of auto, none, sudo, doas, which it is not.\n    To mend it: write `privilege: sudo`, if that was meant.",
      ],
    ],
    [
      "a serial number without quotes",
      "services:\n  zigbee:\n    nodes:\n      - host: a\n        user: pi\n        coordinator: { serialNumber: 0001 }\n      - pi@b\n",
      [
        '6:38: services.zigbee.nodes[0].coordinator.serialNumber must be a USB serial number in quotes, but is a number.\n    To mend it: write for example `serialNumber: "0001"`; without quotes it is not a text.',
      ],
    ],
    [
      "two ways to reset a coordinator",
      "services:\n  zigbee:\n    node: { coordinator: { reset: { line: zbdongle-p, usbPort: 1-1.2 } } }\n    nodes: [pi@a, pi@b]\n",
      [
        "3:28: services.zigbee.node.coordinator.reset needs exactly one of line, usbPort, command.\n    To mend it: write for example `reset: { usbPort: 1-1.2 }`.",
      ],
    ],
    [
      "ways to reset a coordinator that cannot be",
      "services:\n  zigbee:\n    node: { user: pi }\n    nodes:\n      - { host: a, coordinator: { reset: { usbPort: /dev/ttyUSB0 } } }\n      - { host: b, coordinator: { reset: { line: zzh } } }\n",
      [
        "5:53: services.zigbee.nodes[0].coordinator.reset.usbPort must be a USB port as the kernel names it, which it is not.\n    To mend it: write for example `usbPort: 1-1.2`.",
        "6:50: services.zigbee.nodes[1].coordinator.reset.line must be zbdongle-p, the only wiring that is known, which it is not.\n    To mend it: write for example `line: zbdongle-p`.",
      ],
    ],
    [
      "a stick's reset for a coordinator on the network",
      'services:\n  zigbee:\n    node: { user: pi }\n    nodes:\n      - { host: a, coordinator: { port: "tcp://10.0.0.5:6638", reset: { usbPort: "1-1.2" } } }\n      - { host: b, coordinator: { port: "tcp://10.0.0.5:6638", reset: { command: poe-cycle 7 } } }\n',
      [
        "5:64: services.zigbee.nodes[0].coordinator.reset resets a stick of the node by its usbPort, but its coordinator is on the network.\n    To mend it: write `command`, such as one that switches the power of its switch port off and on, or remove coordinator.reset.",
      ],
    ],
    [
      "two service managers",
      "services:\n  zigbee:\n    node: { service: { openrc: a, docker: b } }\n    nodes: [pi@a, pi@b]\n",
      [
        "3:13: services.zigbee.node.service needs exactly one of openrc, systemd, docker, commands.\n    To mend it: write for example `service: { systemd: zigbee2mqtt.service }`.",
      ],
    ],
    [
      "a command too few",
      "services:\n  zigbee:\n    node: { service: { commands: { start: a, stop: b } } }\n    nodes: [pi@a, pi@b]\n",
      [
        "3:24: services.zigbee.node.service.commands.status is missing.\n    To mend it: add `status: rc-service zigbee2mqtt status`.",
      ],
    ],
    [
      "a relative path on a node",
      "services:\n  zigbee:\n    node: { zigbee2mqtt: { data: data } }\n    nodes: [pi@a, pi@b]\n",
      [
        "3:34: services.zigbee.node.zigbee2mqtt.data must be an absolute path on the node, which it is not.\n    To mend it: write for example `data: /opt/zigbee2mqtt/data`.",
      ],
    ],
    [
      "a login in the broker's address",
      `${NODES}    mqtt: { server: "mqtt://u:hunter2@a" }\n`,
      [
        "4:21: services.zigbee.mqtt.server must be a broker's address such as mqtt://10.0.0.4:1883, without user and password, which it is not.\n    To mend it: write for example `server: mqtt://10.0.0.4:1883`.",
      ],
    ],
    [
      "the network's key as a node's own",
      "services:\n  zigbee:\n    node: { set: { advanced.network_key: 1 } }\n    nodes: [pi@a, pi@b]\n",
      [
        '3:13: services.zigbee.node.set holds a value of the Zigbee network, which must be the same on all nodes.\n    To mend it: write for example `set: { frontend.host: "10.0.0.2" }`.',
      ],
    ],
    [
      "a name that is none",
      'services:\n  "a b":\n    nodes: [pi@a, pi@b]\n',
      [
        '2:3: services["a b"] is not a possible name.\n    To mend it: use letters, digits, dots, dashes and underscores, at most 63, beginning with a letter or digit.',
      ],
    ],
    [
      "the same host twice",
      "services:\n  zigbee:\n    nodes:\n      - pi@a\n      - root@a\n",
      [
        "5:9: services.zigbee.nodes[1] is the same host as nodes[0].\n    To mend it: name another host; if one machine really has two coordinators, give each of the two its own name, service and zigbee2mqtt.data.",
      ],
    ],
    [
      "the same name twice",
      "services:\n  zigbee:\n    nodes:\n      - { name: x, host: a, user: pi }\n      - { name: x, host: b, user: pi }\n",
      [
        "5:9: services.zigbee.nodes[1] has the same name as nodes[0].\n    To mend it: give one of the two another name.",
      ],
    ],
    [
      "a password for no sudo",
      "services:\n  zigbee:\n    nodes:\n      - { host: a, user: pi, privilege: none, sudoPassword: { env: A } }\n      - pi@b\n",
      [
        "4:47: services.zigbee.nodes[0].sudoPassword is set, but privilege is none.\n    To mend it: remove sudoPassword, or write `privilege: sudo`.",
      ],
    ],
    [
      "two Temporal servers",
      `${NODES}temporal: { address: "t:7233", port: 7000 }\n`,
      [
        "4:32: temporal.port is for Understudy's own server, but temporal.address names another one.\n    To mend it: remove either temporal.port or temporal.address.",
      ],
    ],
    [
      "half a certificate",
      `${NODES}temporal: { address: "t:7233", tls: { cert: a } }\n`,
      ["4:32: temporal.tls has only one of cert and key.\n    To mend it: set both, or neither."],
    ],
    [
      "a missing key file, told once",
      "services:\n  zigbee:\n    node: { ssh: { identityFile: nokey, jump: me@gw } }\n    nodes: [pi@a, pi@b]\n",
      [
        "3:20: services.zigbee.node.ssh.identityFile refers to DIR/nokey, which does not exist.\n    To mend it: create the file, or correct the path (relative paths begin at the directory of understudy.yaml).",
      ],
    ],
    [
      "several at once, in the file's order",
      "servces: {}\nservices:\n  zigbee:\n    nodes: [pi@a]\n    policy: { rebootOldNode: yes }\n",
      [
        '1:1: servces is not a key that exists here.\n    To mend it: write "services", if that was meant, or remove it.',
        "4:5: services.zigbee.nodes must be a list of at least 2 and at most 16 nodes, but is a list of 1.\n    To mend it: write for example `nodes: [pi@10.0.0.2, pi@10.0.0.3]`.",
        "5:30: services.zigbee.policy.rebootOldNode must be true or false, but is a text.\n    To mend it: write for example `rebootOldNode: true`.",
      ],
    ],
  ])("%s", async (_name, text, expected) => {
    const dirless = (await mistakes(text)).map((line) => line.replaceAll(directory.path, "DIR"));
    expect(dirless).toEqual(expected.map((line) => `understudy.yaml:${line}`));
  });

  test.each<[string, string, string[]]>([
    [
      "a tab",
      "services:\n\tzigbee: {}\n",
      ["2:1: is indented with a tab, which YAML forbids.\n    To mend it: indent with spaces."],
    ],
    [
      "a key twice",
      "services: {}\nservices: {}\n",
      ["2:1: sets a key a second time.\n    To mend it: keep one of the two, or join what is below them."],
    ],
    [
      "wrong indentation",
      "services:\n  zigbee:\n    nodes: [pi@a, pi@b]\n   mqtt: {}\n",
      [
        "4:1: is not indented like its neighbours, or a colon is missing.\n    To mend it: align it with the keys beside it and write each as `key: value`.",
      ],
    ],
    [
      "an open quote",
      `${NODES}    mqtt: { user: "u }\n`,
      [
        "5:1: is the end, but a quote or a bracket is still open.\n    To mend it: find the line that opens it, and close it there.",
      ],
    ],
    [
      "a password that looks like an alias",
      `${NODES}    mqtt: { password: *hunter2 }\n`,
      [
        "4:23: has a text that begins with * and so refers to an anchor that does not exist.\n    To mend it: put the text in quotes.",
      ],
    ],
    [
      "a password that looks like a tag",
      `${NODES}    mqtt: { password: !hunter2 }\n`,
      ["4:23: has a text that begins with !.\n    To mend it: put the text in quotes."],
    ],
    [
      "a password with a reserved character",
      `${NODES}    mqtt: { password: @hunter2 }\n`,
      ["4:23: has a text that begins with a character reserved in YAML.\n    To mend it: put the text in quotes."],
    ],
    [
      "two documents",
      `${NODES}---\na: 1\n`,
      ["4:1: begins a second document.\n    To mend it: remove the line `---`."],
    ],
  ])("as YAML: %s", async (_name, text, expected) => {
    expect(await mistakes(text)).toEqual(expected.map((line) => `understudy.yaml:${line}`));
  });
});

describe("the error", () => {
  test("lists all mistakes under the path that was given", async () => {
    const path = await directory.write("home.yaml", "services:\n  zigbee:\n    nodes: [pi@a]\n    polcy: 1\n");
    const error = await failure(loadConfig(path));
    expect(error.id).toBe("CONFIG_INVALID");
    expect(error.what).toBe(`${path} has 2 mistakes:
${path}:3:5: services.zigbee.nodes must be a list of at least 2 and at most 16 nodes, but is a list of 1.
    To mend it: write for example \`nodes: [pi@10.0.0.2, pi@10.0.0.3]\`.
${path}:4:5: services.zigbee.polcy is not a key that exists here.
    To mend it: write "policy", if that was meant, or remove it.
`);
    expect(error.next).toBe("mend the file, then run `understudy config check`.");
  });

  test.each<[string, () => Promise<string>, string, string]>([
    [
      "a missing file",
      async () => join(directory.path, "no.yaml"),
      "There is no file PATH.",
      "create it with the five lines of docs/configuration.md, or name another with --config.",
    ],
    [
      "a directory",
      async () => directory.path,
      "PATH is not a file.",
      "name the file itself, for example `--config ./understudy.yaml`.",
    ],
    [
      "a huge file",
      () => directory.write("huge.yaml", "#".repeat(3_000_000)),
      "PATH is larger than 2 MiB.",
      "check that it is the right file: the configuration of a home takes a few KiB at most.",
    ],
    [
      "bytes that are no text",
      () => directory.write("binary.yaml", new Uint8Array([0xff, 0xfe, 0x00])),
      "PATH is not a text file in UTF-8.",
      "save it as UTF-8, or check that it is the right file.",
    ],
  ])("explains %s", async (_name, prepare, what, next) => {
    const path = await prepare();
    expect(await failure(loadConfig(path))).toMatchObject({
      id: "CONFIG_INVALID",
      what: what.replace("PATH", path),
      next,
    });
  });

  test.skipIf(process.getuid?.() === 0)("explains a file that may not be read", async () => {
    const path = await directory.write("closed.yaml", NODES, 0o000);
    expect(await failure(loadConfig(path))).toMatchObject({ what: `${path} may not be read by this user.` });
  });
});
