import { afterEach, beforeEach, expect, test } from "vitest";
import { effectiveService } from "../../config/discover.ts";
import { checkConfig, loadConfig } from "../../config/load.ts";
import { showEffective } from "../../config/show.ts";
import { fakeNode, joined, type FakeNode } from "./support/fake-node.ts";
import { temporaryDirectory, type Directory } from "./support/files.ts";
import { alpineNode, configuration, SONOFF_BY_ID, systemdNode } from "./support/trees.ts";

let directory: Directory;
let nodes: FakeNode[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.remove()));
  await directory.remove();
});

async function shown(yaml: string, server = "mqtt://10.0.0.4:1883"): Promise<string> {
  const config = await loadConfig(await directory.write("understudy.yaml", yaml));
  const left = await fakeNode(joined(alpineNode(configuration({ server })), { commands: { sudo: "exit 1" } }));
  const right = await fakeNode(systemdNode());
  nodes = [left, right];
  const discovery = await effectiveService(config, "zigbee", (connection) =>
    (connection.name === "attic" ? left : right).connect(connection),
  );
  return showEffective(discovery);
}

const YAML = `services:
  zigbee:
    nodes:
      - { name: attic, host: 10.0.0.2, user: pi, sudoPassword: "pa55-sudo", ssh: { passphrase: "pa55-key", password: "pa55-ssh", jump: { host: gw, user: me, password: "pa55-jump" } } }
      - pi@10.0.0.3
`;

test("every value is shown with where it comes from", async () => {
  const text = await shown(YAML);
  for (const line of [
    "      - name: attic # set in understudy.yaml line 4",
    "        port: 22 # default",
    "        privilege: sudo # set in understudy.yaml line 4",
    "          openrc: zigbee2mqtt # found: the OpenRC service zigbee2mqtt",
    "          data: /opt/zigbee2mqtt/data # found in /etc/init.d/zigbee2mqtt; version 2.14.1, found in /opt/zigbee2mqtt/package.json",
    `          port: /dev/serial/by-id/${SONOFF_BY_ID} # found in /var/lib/zigbee2mqtt/configuration.yaml as /dev/ttyUSB0`,
    "          frontend.host: 10.0.0.3 # found in /var/lib/zigbee2mqtt/configuration.yaml",
    "      server: mqtt://10.0.0.4:1883 # found in /opt/zigbee2mqtt/data/configuration.yaml on attic",
    "      proofTimeout: 15s # default",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});

test("secrets are shown as such and never themselves", async () => {
  const text = await shown(YAML, "mqtt://z2m:br0ker-secret@10.0.0.4:1883");
  for (const secret of ["pa55", "br0ker", "[1, 2, 3"]) expect(text).not.toContain(secret);
  expect(text.match(/<secret>/g)).toHaveLength(7);
  expect(text).toContain("          mqtt.server: mqtt://<secret>@10.0.0.4:1883 # found in");
});

test("what is shown is itself a valid understudy.yaml", async () => {
  const text = await shown(
    "services:\n  zigbee:\n    nodes:\n      - { name: attic, host: 10.0.0.2, user: pi, sudoPassword: x, coordinator: { reset: { usbPort: 1-1.2 } } }\n      - pi@10.0.0.3\n",
  );
  expect(text).toContain("usbPort: 1-1.2 # set in understudy.yaml line 4");
  const { problems } = await checkConfig(await directory.write("shown.yaml", text));
  expect(problems).toEqual([]);
});
