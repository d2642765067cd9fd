import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Air } from "../../../lab/air/air.ts";
import { Dongle } from "../../../lab/coordinator/dongle.ts";
import { createOpenSshKeyPair } from "../../../lab/namespaces/keys.ts";
import { createNamespaceHost, NamespaceHost } from "../../../lab/namespaces/host.ts";
import type { InitKind } from "../../../lab/namespaces/init-system.ts";
import { createMosquittoHost } from "../../../lab/namespaces/mosquitto.ts";
import type { MosquittoHost } from "../../../lab/namespaces/mosquitto.ts";
import { createNamespaceNetwork } from "../../../lab/namespaces/network.ts";
import type { NamespaceNetwork } from "../../../lab/namespaces/network.ts";
import { ZIGPY_ZNP_PYTHON, sshdService, zigbee2mqttService, zigpyZnp } from "../../../lab/namespaces/services.ts";
import { eventually } from "./eventually.ts";

/** The virtual environment that `npm test` sets up. */
const PYTHON = join(import.meta.dirname, "../../../.cache/python/bin/python");
const isRoot = process.getuid?.() === 0;
const STICK = "0001a2b3";

describe.skipIf(!isRoot).each<InitKind>(["openrc", "busybox", "systemd"])("Zigbee2MQTT on a host with %s", (init) => {
  const key = createOpenSshKeyPair();
  const air = new Air();
  const service = init === "systemd" ? "systemctl" : "rc-service zigbee2mqtt";
  const manage = (verb: string): string =>
    init === "systemd" ? `systemctl ${verb} zigbee2mqtt` : `${service} ${verb}`;
  const dumpCommand = `${ZIGPY_ZNP_PYTHON} -m zigpy_znp.tools.nvram_read -o /root/nvram.json /dev/ttyUSB0`;
  let directory: string;
  let network: NamespaceNetwork;
  let broker: MosquittoHost;
  let host: NamespaceHost;
  let dongle: Dongle;
  let mqtt: MqttClient;
  const states: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-zigbee2mqtt-"));
    network = await createNamespaceNetwork();
    broker = await createMosquittoHost({ network, directory: join(directory, "broker"), authorizedKey: key });
    const tools = await zigpyZnp(PYTHON);
    const configuration = [
      "version: 5",
      `mqtt: { base_topic: zigbee2mqtt, server: "${broker.url}", keepalive: 4 }`,
      `serial: { adapter: zstack, port: ${init === "busybox" ? "/dev/ttyUSB0" : NamespaceHost.byIdPath(STICK)} }`,
      "advanced: { log_output: [console] }",
    ];
    host = await createNamespaceHost({
      name: "node-a",
      network,
      directory: join(directory, "node-a"),
      authorizedKey: key,
      services: [await sshdService(), await zigbee2mqttService()],
      init,
      mounts: tools.mounts,
      overlay: { "/opt/zigbee2mqtt/data/configuration.yaml": `${configuration.join("\n")}\n`, ...tools.files },
    });
    const stateFile = join(directory, "stick.json");
    dongle = new Dongle({ name: "stick", hardwareIeee: "00124b0000000001", stateFile, timing: "off", air });
    await host.plugDongle((await dongle.plug()).path, { serialNumber: STICK });
    mqtt = await connectAsync(broker.url);
    mqtt.on("message", (_topic, payload) => states.push(JSON.parse(payload.toString()).state));
    await mqtt.subscribeAsync("zigbee2mqtt/bridge/state");
  });

  afterAll(async () => {
    await mqtt?.endAsync(true);
    await dongle?.unplug();
    await host?.stop();
    await broker?.host.stop();
    await network?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  test("starts by the service manager, forms a network on the stick and says that it is online", async () => {
    expect((await host.execute(manage("start"))).code).toBe(0);
    await eventually("Zigbee2MQTT is online", () => states.at(-1) === "online", 60_000);
    expect((await host.execute(manage("status"))).code).toBe(0);
    expect(dongle.onAir).toBe(true);
    expect(await readFile(host.outsidePath("/opt/zigbee2mqtt/data/coordinator_backup.json"), "utf8")).toContain(
      "00124b0000000001",
    );
  });

  test("has the stick for itself: zigpy-znp cannot read it meanwhile", async () => {
    expect((await host.execute(dumpCommand)).code).not.toBe(0);
  });

  test("stops by the service manager, process and all; its stick stays on the air, and is zigpy-znp's to read", async () => {
    expect((await host.execute(manage("stop"), [], { timeoutMs: 60_000 })).code).toBe(0);
    expect((await host.execute(manage("status"))).code).toBe(3);
    expect(host.processes().filter(({ commandLine }) => commandLine.includes("zigbee2mqtt/index.js"))).toEqual([]);
    await eventually("Zigbee2MQTT is offline", () => states.at(-1) === "offline");
    expect(dongle.onAir).toBe(true);

    const dump = await host.execute(dumpCommand, [], { timeoutMs: 60_000 });
    expect(dump.code, dump.stderr.slice(-1000)).toBe(0);
    expect(JSON.parse(await readFile(host.outsidePath("/root/nvram.json"), "utf8"))).toHaveProperty("LEGACY.EXTADDR");
  });

  test("dies with the host without a word, and stays down when the host boots again", async () => {
    await host.run(manage("start"));
    await eventually("Zigbee2MQTT is online", () => states.at(-1) === "online", 60_000);
    const processes = host.processes();
    await host.powerOff();
    expect(processes.filter(({ pid }) => existsSync(`/proc/${pid}/exe`))).toEqual([]);
    expect(states.at(-1)).toBe("online");
    await eventually("the broker misses it, and publishes its last will", () => states.at(-1) === "offline");
    await host.powerOn();
    expect((await host.execute(manage("status"))).code).toBe(3);
  });
});
