import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { effectiveService, reachableService, type Discovery } from "../../config/discover.ts";
import { loadConfig } from "../../config/load.ts";
import { fakeNode, joined, stick, type FakeNode, type NodeTree } from "./support/fake-node.ts";
import { temporaryDirectory, type Directory } from "./support/files.ts";
import {
  alpineNode,
  configuration,
  dockerNode,
  SONOFF,
  SONOFF_BY_ID,
  systemdNode,
  zigbee2mqttPackage,
} from "./support/trees.ts";

let directory: Directory;
let nodes: FakeNode[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  for (const node of nodes) {
    expect(node.open(), "hosts left open").toBe(0);
    await node.remove();
  }
  nodes = [];
  await directory.remove();
});

const FIVE_LINES = `services:
  zigbee:
    nodes:
      - pi@10.0.0.2
      - pi@10.0.0.3
`;

function discover(trees: readonly NodeTree[], yaml = FIVE_LINES): Promise<Discovery> {
  return discoverBy(effectiveService, trees, yaml);
}

async function discoverBy<T extends Discovery>(
  find: (...args: Parameters<typeof effectiveService>) => Promise<T>,
  trees: readonly NodeTree[],
  yaml: string,
): Promise<T> {
  const config = await loadConfig(await directory.write("understudy.yaml", yaml));
  nodes = await Promise.all(trees.map(fakeNode));
  const hosts = config.services[0]?.nodes.map((node) => node.name) ?? [];
  return find(config, "zigbee", (connection) => {
    const node = nodes[hosts.indexOf(connection.name)];
    if (!node) throw new Error(`no node ${connection.name}`);
    return node.connect(connection);
  });
}

async function refused(trees: readonly NodeTree[], yaml?: string): Promise<Record<string, unknown>> {
  const error: unknown = await discover(trees, yaml).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { id, node, what, next } = error as Record<string, unknown>;
  return { id, node, what, next };
}

describe.each(["sh", "busybox"] as const)("with a node's %s", (shell) => {
  test.skipIf(shell === "busybox" && !existsSync("/usr/bin/busybox"))(
    "five lines are enough for an Alpine and a systemd node",
    async () => {
      const { service, sources, warnings } = await discover([
        joined(alpineNode(), { shell }),
        joined(systemdNode(), { shell }),
      ]);

      expect(service.nodes[0]).toMatchObject({
        name: "10.0.0.2",
        ssh: { host: "10.0.0.2", user: "pi", port: 22, keepaliveMs: 5000, connectTimeoutMs: 10_000 },
        privilege: { kind: "sudo" },
        manager: { kind: "openrc", name: "zigbee2mqtt" },
        dataDirectory: "/opt/zigbee2mqtt/data",
        version: "2.14.1",
        coordinator: { driver: "zstack", port: "/dev/ttyUSB0", serialNumber: "7c1f", python: "python3" },
        stateDirectory: "/var/lib/understudy/zigbee",
        ownValues: {
          "serial.port": "/dev/ttyUSB0",
          "serial.adapter": "zstack",
          "frontend.host": "10.0.0.2",
          "frontend.port": 8080,
          "mqtt.server": "mqtt://10.0.0.4:1883",
        },
        mqttServer: "mqtt://10.0.0.4:1883",
      });
      expect(service.nodes[1]).toMatchObject({
        privilege: { kind: "none" },
        manager: { kind: "systemd", unit: "zigbee2mqtt.service" },
        dataDirectory: "/var/lib/zigbee2mqtt",
        version: "2.14.0",
        coordinator: {
          port: `/dev/serial/by-id/${SONOFF_BY_ID}`,
          serialNumber: "7c1f",
          python: "python3",
        },
        ownValues: { "serial.port": "/dev/ttyUSB0", "frontend.host": "10.0.0.3" },
      });
      expect(service.broker).toEqual({
        url: "mqtt://10.0.0.4:1883",
        username: "z2m",
        password: "br0ker-secret",
        caFile: undefined,
        rejectUnauthorized: true,
        baseTopic: "zigbee2mqtt",
      });
      expect(service.policy).toEqual({
        keepGenerations: 5,
        allowNewerStandby: false,
        proofTimeoutMs: 15_000,
        counterMargin: 2500,
        rebootOldNode: false,
      });
      expect(warnings).toEqual([]);
      expect(Object.fromEntries(sources)).toMatchObject({
        "nodes[0].host": "set in understudy.yaml line 4",
        "nodes[0].ssh.keepalive": "default",
        "nodes[0].privilege": "found: sudo works without a password",
        "nodes[0].service": "found: the OpenRC service zigbee2mqtt",
        "nodes[0].zigbee2mqtt.data": "found in /etc/init.d/zigbee2mqtt",
        "nodes[0].zigbee2mqtt.version": "found in /opt/zigbee2mqtt/package.json",
        "nodes[0].coordinator.port": "found in /opt/zigbee2mqtt/data/configuration.yaml",
        "nodes[0].coordinator.serialNumber": "found at /dev/ttyUSB0",
        'nodes[0].set["frontend.host"]': "found in /opt/zigbee2mqtt/data/configuration.yaml",
        "nodes[1].zigbee2mqtt.data": "found in zigbee2mqtt.service",
        "nodes[1].coordinator.port": "found in /var/lib/zigbee2mqtt/configuration.yaml as /dev/ttyUSB0",
        "mqtt.server": "found in /opt/zigbee2mqtt/data/configuration.yaml on 10.0.0.2",
        "mqtt.baseTopic": "found in /opt/zigbee2mqtt/data/configuration.yaml on 10.0.0.2",
        "policy.keepGenerations": "default",
      });
    },
  );

  test.skipIf(shell === "busybox" && !existsSync("/usr/bin/busybox"))(
    "a container's names are told from the node's",
    async () => {
      const { service, warnings } = await discover([
        joined(dockerNode(), { shell }),
        joined(dockerNode(undefined, false), { shell }),
      ]);

      expect(service.nodes[0]).toMatchObject({
        manager: { kind: "docker", container: "zigbee" },
        dataDirectory: "/srv/z2m",
        version: "2.14.2",
        coordinator: { port: `/dev/serial/by-id/${SONOFF_BY_ID}`, serialNumber: "7c1f" },
        ownValues: { "serial.port": "/dev/ttyACM0" },
      });
      expect(service.nodes[1]?.version, "a stopped container shows its image's label").toBe("2.14.1");
      expect(warnings).toContain(
        "10.0.0.2: ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD override configuration.yaml at each start of Zigbee2MQTT; Understudy reads only the file.",
      );
      expect(JSON.stringify(warnings)).not.toContain("env-secret");
    },
  );
});

describe("commands of one's own, without root", () => {
  const YAML = `services:
  zigbee:
    node:
      privilege: none
      service: { commands: { start: ./start, stop: ./stop, status: ./status } }
      coordinator: { driver: zigpy-znp, python: /opt/zigpy/bin/python }
    nodes:
      - { name: left, host: 127.0.0.1, port: 2201, user: pi }
      - { name: right, host: 127.0.0.1, port: 2202, user: pi, zigbee2mqtt: { data: /srv/right }, coordinator: { port: /tmp/lab/right } }
`;
  const left: NodeTree = {
    uid: 1000,
    files: {
      "/proc/41/environ": "PATH=/bin\0ZIGBEE2MQTT_DATA=/srv/left\0HOME=/root\0",
      "/proc/41/comm": "node\n",
      "/proc/41/cmdline": "node\0/opt/z2m/index.js\0",
      "/proc/7/environ": "PATH=/bin\0",
      "/srv/left/configuration.yaml": configuration({ server: "mqtt://localhost:1884", port: "/tmp/lab/left" }),
      "/opt/z2m/package.json": zigbee2mqttPackage(),
    },
  };

  test("data directory and version come from the running process", async () => {
    const { service, warnings, sources } = await discover([left, { uid: 1000 }], YAML);

    expect(service.nodes[0]).toMatchObject({
      name: "left",
      privilege: { kind: "none" },
      manager: { kind: "commands", start: "./start", stop: "./stop", status: "./status" },
      dataDirectory: "/srv/left",
      version: "2.14.1",
      coordinator: { port: "/tmp/lab/left", python: "/opt/zigpy/bin/python" },
      stateDirectory: "/home/pi/.local/state/understudy/zigbee",
      mqttServer: "mqtt://localhost:1884",
    });
    expect(sources.get("nodes[0].zigbee2mqtt.data")).toBe("found in the environment of a running process");
    expect(sources.get("nodes[1].service")).toBe("set in understudy.yaml line 5");
    expect(warnings.toSorted()).toEqual([
      "left: /opt/zigpy/bin/python does not have zigpy-znp.",
      "left: /tmp/lab/left is not there now.",
      "right: /opt/zigpy/bin/python does not have zigpy-znp.",
      "right: /tmp/lab/right is not there now.",
      "right: there is no configuration.yaml in /srv/right yet; as a standby it needs none.",
    ]);
  });

  test("a standby without configuration gets the broker by an address that works from there", async () => {
    const { service, sources } = await discover([left, { uid: 1000 }], YAML);

    expect(service.broker.url).toBe("mqtt://127.0.0.1:1884");
    expect(service.nodes[1]).toMatchObject({
      dataDirectory: "/srv/right",
      version: "unknown",
      mqttServer: "mqtt://127.0.0.1:1884",
      ownValues: { "mqtt.server": "mqtt://127.0.0.1:1884", "serial.port": "/tmp/lab/right" },
    });
    expect(sources.get('nodes[1].set["mqtt.server"]')).toBe(
      "the service's broker, because this node's configuration names none",
    );
  });
});

describe("the coordinator", () => {
  const bare = (tree: NodeTree): NodeTree => joined(tree, { files: {} });

  test("with zigpy-znp for a driver has the Python that has it", async () => {
    const { service, sources } = await discover(
      [alpineNode(), systemdNode()],
      `services:
  zigbee:
    node: { coordinator: { driver: zigpy-znp } }
    nodes: [pi@10.0.0.2, pi@10.0.0.3]
`,
    );
    expect(service.nodes.map(({ coordinator }) => coordinator.python)).toEqual(["python3", "/opt/zigpy/bin/python"]);
    expect(sources.get("nodes[1].coordinator.python")).toBe("found: it has zigpy-znp");
  });

  test("on a standby without configuration it is the only stick that looks like one", async () => {
    const standby = joined(
      stick("ttyUSB1", SONOFF),
      stick("ttyACM0", { serial: "gps", manufacturer: "u-blox", product: "GNSS receiver" }),
      {
        uid: 0,
        files: { "/opt/zigbee2mqtt/package.json": zigbee2mqttPackage() },
        executables: { "/etc/init.d/zigbee2mqtt": 'directory="/opt/zigbee2mqtt"\n' },
        commands: { "rc-service": "exit 0", python3: "exit 0" },
      },
    );
    const { service, sources } = await discover([alpineNode(), bare(standby)]);

    expect(service.nodes[1]).toMatchObject({
      dataDirectory: "/opt/zigbee2mqtt/data",
      coordinator: { port: "/dev/ttyUSB1", serialNumber: "7c1f" },
      ownValues: { "serial.port": "/dev/ttyUSB1" },
    });
    expect(sources.get("nodes[1].coordinator.port")).toBe("found: the only stick that looks like a Zigbee coordinator");
  });

  test("two sticks that look alike are the user's choice", async () => {
    const standby = joined(
      stick("ttyUSB0", { ...SONOFF, serial: "a", byId: "usb-Sonoff_a" }),
      stick("ttyUSB1", { ...SONOFF, serial: "b" }),
      {
        uid: 0,
        files: { "/opt/zigbee2mqtt/package.json": zigbee2mqttPackage() },
        executables: { "/etc/init.d/zigbee2mqtt": 'directory="/opt/zigbee2mqtt"\n' },
        commands: { "rc-service": "exit 0" },
      },
    );
    expect(await refused([alpineNode(), standby])).toEqual({
      id: "NODE_NOT_UNDERSTOOD",
      node: "10.0.0.3",
      what: "Several sticks look like a Zigbee coordinator: /dev/serial/by-id/usb-Sonoff_a, /dev/ttyUSB1.",
      next: "set coordinator.port for this node to its coordinator's path (best one in /dev/serial/by-id).",
    });
  });

  test("a serial number that is set finds the stick under whatever name it has now", async () => {
    const moved = joined(alpineNode(), stick("ttyUSB0", { ...SONOFF, serial: "other" }), stick("ttyUSB3", SONOFF));
    const { service } = await discover(
      [moved, systemdNode()],
      "services:\n  zigbee:\n    nodes:\n      - { host: 10.0.0.2, user: pi, coordinator: { serialNumber: '7c1f' } }\n      - pi@10.0.0.3\n",
    );

    expect(service.nodes[0]).toMatchObject({
      coordinator: { port: "/dev/ttyUSB3", serialNumber: "7c1f" },
      ownValues: { "serial.port": "/dev/ttyUSB3" },
    });
  });

  test("another stick at the port than the one that is set is refused (I11)", async () => {
    const swapped = joined(alpineNode(), stick("ttyUSB0", { ...SONOFF, serial: "other" }));
    const yaml =
      "services:\n  zigbee:\n    nodes:\n      - { host: 10.0.0.2, user: pi, coordinator: { serialNumber: '7c1f' } }\n      - pi@10.0.0.3\n";
    expect(await refused([swapped, systemdNode()], yaml)).toMatchObject({
      id: "NODE_NOT_UNDERSTOOD",
      what: "The stick at the coordinator's port has another serial number than coordinator.serialNumber.",
    });
  });

  const NAMED =
    "services:\n  zigbee:\n    nodes:\n      - { host: 10.0.0.2, user: pi, coordinator: { serialNumber: '7c1f' } }\n      - pi@10.0.0.3\n";

  test("a stick that reports no serial number is not taken for the one that is set (I11)", async () => {
    const mute = joined(alpineNode(), stick("ttyUSB0", { ...SONOFF, serial: "" }));
    const { service, warnings, sources } = await discover([mute, systemdNode()], NAMED);
    expect(service.nodes[0]?.coordinator).toMatchObject({ port: "/dev/ttyUSB0", unproven: true });
    expect(service.nodes[0]?.coordinator.serialNumber).toBeUndefined();
    expect(sources.has("nodes[0].coordinator.serialNumber")).toBe(false);
    expect(warnings).toEqual(
      [
        expect.stringContaining("does not report the serial number"),
        expect.stringContaining("cannot be told from another stick"),
      ].toReversed(),
    );

    const linked = joined(mute, stick("ttyUSB0", { ...SONOFF, serial: "", byId: SONOFF_BY_ID }));
    const named = await discover([linked, systemdNode()], NAMED);
    expect(named.service.nodes[0]?.coordinator).toMatchObject({ serialNumber: "7c1f" });
    expect(named.service.nodes[0]?.coordinator.unproven).toBeUndefined();
  });

  test("the only stick is refused, too, where another serial number is set (I11)", async () => {
    const unconfigured = joined(stick("ttyUSB0", { ...SONOFF, serial: "other" }), {
      uid: 0,
      files: { "/opt/zigbee2mqtt/package.json": zigbee2mqttPackage() },
      executables: { "/etc/init.d/zigbee2mqtt": 'directory="/opt/zigbee2mqtt"\n' },
      commands: { "rc-service": "exit 0" },
    });
    expect(await refused([unconfigured, systemdNode()], NAMED)).toMatchObject({
      id: "NODE_NOT_UNDERSTOOD",
      what: "The only stick that looks like a coordinator has another serial number than coordinator.serialNumber.",
    });
  });

  test("a coordinator on the network keeps its address", async () => {
    const { service } = await discover([alpineNode(configuration({ port: "tcp://10.0.0.9:6638" })), systemdNode()]);
    expect(service.nodes[0]?.coordinator).toMatchObject({ port: "tcp://10.0.0.9:6638", serialNumber: undefined });
  });

  test("a stick that is unplugged is noted, not an error", async () => {
    const { service, warnings } = await discover([alpineNode(configuration({ port: "/dev/ttyUSB7" })), systemdNode()]);
    expect(service.nodes[0]?.coordinator.port).toBe("/dev/ttyUSB7");
    expect(warnings).toEqual(["10.0.0.2: /dev/ttyUSB7 is not there now."]);
  });
});

describe("the broker", () => {
  test("localhost on a node is that node's SSH address", async () => {
    const { service, sources } = await discover([
      alpineNode(configuration({ server: "mqtt://127.0.0.1" })),
      systemdNode(configuration({ server: "mqtt://10.0.0.2:1883" })),
    ]);
    expect(service.broker.url).toBe("mqtt://10.0.0.2:1883");
    expect(service.nodes.map((node) => node.mqttServer)).toEqual(["mqtt://127.0.0.1:1883", "mqtt://10.0.0.2:1883"]);
    expect(sources.get("mqtt.server")).toBe(
      "found in /opt/zigbee2mqtt/data/configuration.yaml on 10.0.0.2; there it is the node itself, reached at 10.0.0.2",
    );
  });

  test("nodes that disagree are the user's to settle", async () => {
    const trees = [alpineNode(), systemdNode(configuration({ server: "mqtt://broker.lan:1883" }))];
    expect(await refused(trees)).toEqual({
      id: "NODE_NOT_UNDERSTOOD",
      node: undefined,
      what: "The nodes of zigbee use different brokers: mqtt://10.0.0.4:1883 (10.0.0.2), mqtt://broker.lan:1883 (10.0.0.3).",
      next: "make Zigbee2MQTT's configurations agree, or set mqtt.server of zigbee in understudy.yaml if they mean the same.",
    });
    await Promise.all(nodes.map((node) => node.remove()));
    const { service } = await discover(
      trees,
      `${FIVE_LINES}    mqtt: { server: "mqtt://broker.lan:1883", baseTopic: z }\n`,
    );
    expect(service.broker).toMatchObject({ url: "mqtt://broker.lan:1883", baseTopic: "z", username: "z2m" });
  });

  test("user and password are followed into secret.yaml", async () => {
    const text = `mqtt:\n  server: '!secret server'\n  user: '!secret.yaml user'\n  password: '!secret password'\nserial: { port: /dev/ttyUSB0 }\n`;
    const secrets = {
      files: { "/opt/zigbee2mqtt/data/secret.yaml": "server: mqtt://10.0.0.4\nuser: alice\npassword: in-a-file\n" },
    };
    const { service } = await discover([joined(alpineNode(text), secrets), systemdNode()]);
    expect(service.broker).toMatchObject({ url: "mqtt://10.0.0.4:1883", username: "alice", password: "in-a-file" });
    expect(service.nodes[0]?.ownValues["mqtt.server"]).toBe("mqtt://10.0.0.4");
  });

  test("a login inside the address is taken out of it", async () => {
    const text = "mqtt:\n  server: mqtt://bob:h%40ss@10.0.0.4:1883\nserial: { port: /dev/ttyUSB0 }\n";
    const { service } = await discover([alpineNode(text), systemdNode()]);
    expect(service.broker).toMatchObject({ url: "mqtt://10.0.0.4:1883", username: "bob", password: "h@ss" });
    expect(service.nodes[0]?.mqttServer).toBe("mqtt://10.0.0.4:1883");
  });
});

describe("what is set wins", () => {
  test("with its line as the source", async () => {
    const { service, sources } = await discover(
      [alpineNode(), systemdNode()],
      `services:
  zigbee:
    node:
      state: /data/understudy
    nodes:
      - host: 10.0.0.2
        user: pi
        name: attic
        set:
          frontend.host: 192.168.1.5
          mqtt.client_id: attic
      - pi@10.0.0.3
    policy:
      proofTimeout: 1m
`,
    );
    expect(service.nodes[0]).toMatchObject({
      name: "attic",
      stateDirectory: "/data/understudy",
      ownValues: { "frontend.host": "192.168.1.5", "mqtt.client_id": "attic", "frontend.port": 8080 },
    });
    expect(service.policy.proofTimeoutMs).toBe(60_000);
    expect(sources.get('nodes[0].set["frontend.host"]')).toBe("set in understudy.yaml line 10");
    expect(sources.get("nodes[1].state")).toBe("set in understudy.yaml line 4");
    expect(sources.get("policy.proofTimeout")).toBe("set in understudy.yaml line 14");
  });

  test("two nodes in one machine have directories of their own", async () => {
    const yaml = `services:
  zigbee:
    nodes:
      - { name: left, host: 10.0.0.2, user: pi, service: { openrc: z-left }, zigbee2mqtt: { data: /opt/zigbee2mqtt/data } }
      - { name: right, host: 10.0.0.2, user: pi, service: { openrc: z-right }, zigbee2mqtt: { data: /srv/right }, coordinator: { port: /dev/ttyUSB1 } }
`;
    const machine = joined(alpineNode(), stick("ttyUSB1", { ...SONOFF, serial: "second" }));
    const { service } = await discover([machine, machine], yaml);
    expect(service.nodes.map((node) => node.stateDirectory)).toEqual([
      "/var/lib/understudy/zigbee/left",
      "/var/lib/understudy/zigbee/right",
    ]);
    expect(service.nodes.map((node) => node.coordinator.serialNumber)).toEqual(["7c1f", "second"]);
  });
});

describe("with a node that is lost", () => {
  const twoInOneMachine = `services:
  zigbee:
    nodes:
      - { name: left, host: 10.0.0.2, user: pi, service: { openrc: z-left }, zigbee2mqtt: { data: /srv/left } }
      - { name: right, host: 10.0.0.2, user: pi, service: { openrc: z-right }, zigbee2mqtt: { data: /opt/zigbee2mqtt/data } }
`;
  const broken = joined(alpineNode(), { commands: { sudo: "exit 1" } });

  test("the others are found as they are with it", async () => {
    const { service, unknown, sources } = await discoverBy(reachableService, [broken, alpineNode()], twoInOneMachine);
    expect([...unknown].map(([name, { id, node }]) => ({ name, id, node }))).toEqual([
      { name: "left", id: "PRIVILEGE_REFUSED", node: "left" },
    ]);
    expect(service.nodes.map(({ name, stateDirectory }) => ({ name, stateDirectory }))).toEqual([
      { name: "right", stateDirectory: "/var/lib/understudy/zigbee/right" },
    ]);
    expect(sources.has("nodes[1].state")).toBe(true);
  });

  test("it is an error only where no other is left", async () => {
    await expect(discoverBy(reachableService, [broken, broken], FIVE_LINES)).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      node: "10.0.0.2",
    });
  });
});

describe("becoming root", () => {
  test("sudo that asks for a password takes the one that is set", async () => {
    const tree = joined(alpineNode(), { commands: { sudo: "exit 1" } });
    const { service } = await discover([tree, systemdNode()], `${FIVE_LINES}    node: { sudoPassword: "pa55" }\n`);
    expect(service.nodes[0]?.privilege).toEqual({ kind: "sudo", password: "pa55" });
    expect(nodes[0]?.connections.map(({ privilege }) => privilege.kind)).toEqual(["none", "sudo"]);
  });

  test("doas is used where sudo is not", async () => {
    const tree = joined(alpineNode(), { commands: { sudo: "exit 1", doas: "exit 0" } });
    const { service } = await discover([tree, systemdNode()]);
    expect(service.nodes[0]?.privilege).toEqual({ kind: "doas" });
  });

  test("sudo that asks without a password to give is refused with the way out", async () => {
    const tree = joined(alpineNode(), { commands: { sudo: "exit 1" } });
    expect(await refused([tree, systemdNode()])).toEqual({
      id: "PRIVILEGE_REFUSED",
      node: "10.0.0.2",
      what: "pi is not root, and sudo will not start a shell as root without a password.",
      next: 'set sudoPassword for this node, allow "pi ALL=(root) NOPASSWD: ALL" with visudo, or set privilege: none if root is not needed.',
    });
  });
});

describe("a node that cannot be made out", () => {
  const openrc = (name: string): NodeTree => ({ executables: { [`/etc/init.d/${name}`]: "#!/sbin/openrc-run\n" } });
  const supervised = dockerNode();
  const cases: readonly (readonly [string, NodeTree, { what: string | RegExp; next: string | RegExp }])[] = [
    [
      "no service",
      { uid: 0 },
      {
        what: "No service of OpenRC or systemd and no Docker container looks like Zigbee2MQTT.",
        next: /set service for this node/,
      },
    ],
    [
      "two services",
      joined(alpineNode(), openrc("zigbee2mqtt-test")),
      {
        what: "More than one thing looks like Zigbee2MQTT: the OpenRC service zigbee2mqtt, the OpenRC service zigbee2mqtt-test.",
        next: "set service for this node to the one that is meant, for example service: { openrc: zigbee2mqtt }.",
      },
    ],
    [
      "Home Assistant's app",
      joined(supervised, {
        commands: {
          docker: "[ $1 = ps ] && echo 'addon_45df7312_zigbee2mqtt ghcr.io/zigbee2mqtt/zigbee2mqtt-aarch64:2.14.1'",
        },
      }),
      { what: /belongs to Home Assistant, which starts it again by itself/, next: /set service.commands/ },
    ],
    [
      "Docker that does not answer",
      { uid: 0, commands: { docker: "exit 1" } },
      { what: /Docker is installed, but did not answer this user/, next: /set service/ },
    ],
    [
      "no data directory",
      joined(openrc("zigbee2mqtt"), { uid: 0, commands: { "rc-service": "exit 0" } }),
      {
        what: "Zigbee2MQTT's data directory was not found.",
        next: "set zigbee2mqtt.data for this node to the directory that holds configuration.yaml.",
      },
    ],
    [
      "two data directories",
      joined(openrc("zigbee2mqtt"), {
        uid: 0,
        commands: { "rc-service": "exit 0" },
        files: { "/opt/zigbee2mqtt/data/configuration.yaml": "", "/var/lib/zigbee2mqtt/configuration.yaml": "" },
      }),
      {
        what: "Several directories could be Zigbee2MQTT's data directory: /opt/zigbee2mqtt/data, /var/lib/zigbee2mqtt.",
        next: /set zigbee2mqtt.data/,
      },
    ],
    [
      "a configuration that is not YAML",
      alpineNode("mqtt: [\nserial: }{"),
      {
        what: /^\/opt\/zigbee2mqtt\/data\/configuration.yaml is not valid YAML \(line 2\)\.$/,
        next: /restore the file/,
      },
    ],
    [
      "a configuration that is a list",
      alpineNode("- 1\n"),
      { what: /values of the wrong kind: the file itself\.$/, next: /correct them on the node/ },
    ],
    [
      "values of the wrong kind",
      alpineNode("mqtt: { server: [1], password: {} }\nserial: 7\n"),
      { what: /values of the wrong kind: mqtt.server, mqtt.password, serial\.$/, next: /correct them/ },
    ],
    [
      "a configuration that a power loss has filled with NULs",
      alpineNode("\0".repeat(4096)),
      {
        what: "/opt/zigbee2mqtt/data/configuration.yaml is not a text in UTF-8.",
        next: "restore it from a backup, or from a generation of Understudy.",
      },
    ],
    [
      "a huge configuration",
      alpineNode(`# ${"x".repeat(1_100_000)}\n`),
      { what: "/opt/zigbee2mqtt/data/configuration.yaml is larger than 1024 KiB.", next: /./ },
    ],
    [
      "aliases that multiply",
      alpineNode(
        `a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
      ),
      { what: /refers to itself too often/, next: /./ },
    ],
    [
      "a tag instead of a text",
      alpineNode("mqtt: { server: mqtt://a, password: !secret password }\n"),
      { what: /not valid YAML \(line 1\)/, next: "put the value that begins with ! in quotes." },
    ],
    [
      "a reference out of the data directory",
      alpineNode("mqtt: { server: 'mqtt://a', password: '!/etc/shadow root' }\n"),
      {
        what: "mqtt.password in /opt/zigbee2mqtt/data/configuration.yaml refers to a file outside the data directory.",
        next: "move the file into it, or set mqtt.password of the service in understudy.yaml.",
      },
    ],
    [
      "a reference to nothing",
      alpineNode("mqtt: { server: 'mqtt://a', password: '!secret password' }\n"),
      { what: /refers to \/opt\/zigbee2mqtt\/data\/secret.yaml, which does not exist/, next: /correct the reference/ },
    ],
    [
      "a port of an unknown kind",
      alpineNode(configuration({ port: "mdns://slzb-06" })),
      { what: /neither a path nor tcp:\/\/host:port/, next: /set coordinator.port/ },
    ],
    [
      "a server of an unknown kind",
      alpineNode(configuration({ server: "ftp://broker" })),
      { what: /mqtt.server in .* is not an address that begins with mqtt:\/\//, next: /set mqtt.server/ },
    ],
  ];

  test.each(cases)("%s", async (_name, tree, { what, next }) => {
    const error = await refused([tree, systemdNode()]);
    expect(error).toMatchObject({ id: "NODE_NOT_UNDERSTOOD", node: "10.0.0.2" });
    expect(error.what).toEqual(typeof what === "string" ? what : expect.stringMatching(what));
    expect(error.next).toEqual(typeof next === "string" ? next : expect.stringMatching(next));
  });
});

test("values from a node are data, whatever characters they have", async () => {
  const nasty = "/dev/$(touch /tmp/understudy-was-here);`id`'\"&|";
  const text = `mqtt: { server: 'mqtt://10.0.0.4' }\nserial: { port: ${JSON.stringify(nasty)} }\nfrontend: { host: "\\u001b[31m; rm -rf /" }\n`;
  const { service } = await discover([alpineNode(text), systemdNode()]);
  expect(service.nodes[0]?.coordinator.port).toBe(nasty);
  expect(existsSync("/tmp/understudy-was-here")).toBe(false);
});
