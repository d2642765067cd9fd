import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { effectiveService } from "../../config/discover.ts";
import { loadConfig } from "../../config/load.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, type TestServer } from "../hosts/ssh-server.ts";
import { temporaryDirectory, type Directory } from "./support/files.ts";
import { configuration, zigbee2mqttPackage } from "./support/trees.ts";

let directory: Directory;
let servers: TestServer[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await directory.remove();
});

test.skipIf(!sshdInstalled)("the same is found over real SSH connections, which are closed afterwards", async () => {
  servers = [await startSshServer(), await startSshServer()];
  const [left, right] = servers;
  if (!left || !right) throw new Error("two servers were started");
  const data = join(directory.path, "zigbee2mqtt", "data");
  await mkdir(data, { recursive: true });
  await writeFile(join(data, "configuration.yaml"), configuration({ port: "/dev/ttyACM0" }));
  await writeFile(join(directory.path, "zigbee2mqtt", "package.json"), zigbee2mqttPackage());
  const mounts = JSON.stringify([{ Source: data, Destination: "/app/data" }]);
  right.addProgram(
    "docker",
    `case $1 in inspect) printf '%s\\n' '${mounts}' '["A=b c"]' '{"org.opencontainers.image.version":"2.13.0"}' '[{"PathOnHost":"/dev/understudy-none","PathInContainer":"/dev/ttyACM0"}]' false ;; esac`,
  );
  for (const server of servers) server.addProgram("python3", "exit 0");
  const node = (server: TestServer, rest: string): string => `
      - host: 127.0.0.1
        port: ${server.port}
        user: ${server.target.user}
        ssh: { identityFile: ${server.target.identityFile}, knownHosts: ${server.knownHosts} }
        privilege: none
        ${rest}`;
  const yaml = `services:
  zigbee:
    nodes:${node(left, `name: left\n        service: { commands: { start: a, stop: b, status: c } }\n        zigbee2mqtt: { data: ${data} }`)}${node(right, "name: right\n        service: { docker: zigbee }")}
`;
  const config = await loadConfig(await directory.write("understudy.yaml", yaml));
  const { service } = await effectiveService(config, "zigbee", connectHost);

  expect(service.nodes[0]).toMatchObject({
    name: "left",
    dataDirectory: data,
    version: "2.14.1",
    coordinator: { port: "/dev/ttyACM0", python: "python3" },
    ownValues: { "frontend.host": "10.0.0.2" },
  });
  expect(service.nodes[1]).toMatchObject({
    name: "right",
    manager: { kind: "docker", container: "zigbee" },
    dataDirectory: data,
    version: "2.13.0",
    coordinator: { port: "/dev/understudy-none" },
    ownValues: { "serial.port": "/dev/ttyACM0" },
  });
  expect(servers.flatMap((server) => server.processes())).toEqual([]);
});
