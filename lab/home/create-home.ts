import { randomBytes, randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Air } from "../air/air.ts";
import { Dongle } from "../coordinator/dongle.ts";
import type { Timing } from "../coordinator/serial-line.ts";
import { startBroker } from "../hosts/broker.ts";
import type { Broker } from "../hosts/broker.ts";
import { freePorts } from "../hosts/free-port.ts";
import { startJanitor } from "../hosts/janitor.ts";
import { createKeyPair, writePrivateKey } from "../hosts/keys.ts";
import { LocalHost } from "../hosts/local-host.ts";
import { findKeptHome, formOrRestore } from "./formed-home.ts";
import { Home } from "./home.ts";
import { MqttObserver } from "./mqtt-observer.ts";
import { HomeNode } from "./node.ts";
import { understudyYaml } from "./understudy-yaml.ts";

export interface HomeOptions {
  /** Where everything of the home is; must be empty or not exist, and is removed in the end. */
  readonly directory: string;
  /** Nodes a, b, c … Default 2. */
  readonly nodes?: number;
  /** Default 12. */
  readonly devices?: number;
  /** `full`: the serial line and the stick take their time, as real ones do. Default `off`. */
  readonly timing?: Timing;
  /** Form the network and let all devices join before the reader's eyes, instead of restoring a home formed earlier. */
  readonly fresh?: boolean;
  readonly broker?: Broker["kind"];
  /** What Understudy reads and writes the sticks with. Default: what LAB_DRIVER says, else zstack. */
  readonly driver?: "zstack" | "zigpy-znp";
  /** Versions that the nodes' Zigbee2MQTT claim, by node. Default: the real one. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** In the environment of every process of a home, so that none is left behind. */
export const MARK = "LAB_HOME";
const HARDWARE_ADDRESSES = 0x00_12_4b_00_2a_00_00_01n;

/**
 * Brings up a home: a broker, nodes with a stick each, devices. Node a serves them; the other sticks are blank, as new
 * ones are. Rejects, with everything ended again, when something does not come up or `signal` aborts.
 */
export async function createHome(options: HomeOptions): Promise<Home> {
  const { directory, signal } = options;
  const progress = options.progress ?? (() => undefined);
  const id = randomUUID();
  fs.mkdirSync(directory, { recursive: true });
  const sweep = startJanitor(`${MARK}=${id}`, directory);
  const cleaning: (() => Promise<void> | void)[] = [sweep];
  const cleanUp = async (): Promise<void> => {
    for (let clean = cleaning.pop(); clean; clean = cleaning.pop()) await clean();
  };
  try {
    const environment = { [MARK]: id };
    const credentials = { username: "home", password: randomBytes(9).toString("base64url") };
    const broker = await startBroker({ directory, credentials, kind: options.broker, environment });
    cleaning.push(() => broker.stop());
    const mqtt = await MqttObserver.connect(broker.url, credentials);
    cleaning.push(() => mqtt.close());
    progress(`MQTT broker (${broker.kind}): ${broker.url}`);

    const air = new Air();
    cleaning.push(() => air.close());
    const names = nodeNames(options.nodes ?? 2);
    const [temporalPort = 0, temporalUiPort = 0, ...frontendPorts] = await freePorts(names.length + 2);
    const userKey = createKeyPair();
    const count = options.devices ?? 12;
    const kept = options.fresh ? undefined : findKeptHome(count);
    const stickFiles = names.map((name) => path.join(directory, `stick-${name}.json`));
    const [stickFile = ""] = stickFiles;
    if (kept?.snapshot) fs.writeFileSync(stickFile, kept.snapshot.stick, { mode: 0o600 });
    const nodes: HomeNode[] = [];
    for (const [index, name] of names.entries()) {
      const host = new LocalHost({
        name,
        directory: path.join(directory, "hosts", name),
        authorizedKey: userKey,
        nodeProgram: process.execPath,
        zigbee2mqttVersion: options.versions?.[name],
        environment,
      });
      const serialNumber = randomBytes(16).toString("hex");
      const dongle = new Dongle({
        name: `stick-${name}`,
        hardwareIeee: (HARDWARE_ADDRESSES + BigInt(index)).toString(16).padStart(16, "0"),
        stateFile: stickFiles[index] ?? "",
        timing: options.timing ?? "off",
        air,
        usb: { vendor: "ITead", product: "Sonoff Zigbee 3.0 USB Dongle Plus", serialNumber },
      });
      const node = new HomeNode({ host, dongle, serialNumber, frontendPort: frontendPorts[index] ?? 0, mqtt });
      cleaning.push(() => node.powerOff());
      nodes.push(node);
      await host.start();
      progress(`Node ${name}: SSH on 127.0.0.1:${host.port}, stick ${serialNumber.slice(0, 8)}…`);
    }

    const devices = await formOrRestore({
      nodes,
      air,
      mqtt,
      broker,
      stickFile,
      devices: count,
      kept,
      progress,
      signal,
    });
    cleaning.push(() => {
      for (const { radio } of devices) radio.powerOff();
    });

    const driver = options.driver ?? process.env.LAB_DRIVER ?? "zstack";
    const configFile = path.join(directory, "understudy.yaml");
    const identityFile = path.join(directory, "ssh-key");
    const knownHostsFile = path.join(directory, "known-hosts");
    writePrivateKey(identityFile, userKey);
    fs.writeFileSync(knownHostsFile, nodes.map(({ host }) => host.knownHostsLine).join(""));
    fs.writeFileSync(
      configFile,
      understudyYaml({
        identityFile,
        knownHostsFile,
        python: driver === "zigpy-znp" ? (process.env.UNDERSTUDY_PYTHON ?? DEFAULT_PYTHON) : undefined,
        nodes,
        temporal: { port: temporalPort, uiPort: temporalUiPort, dataDirectory: path.join(directory, "temporal") },
      }),
    );
    return new Home({
      directory,
      configFile,
      temporalUiUrl: `http://127.0.0.1:${temporalUiPort}`,
      environment,
      air,
      broker,
      mqtt,
      nodes,
      devices,
      cleanUp,
    });
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Where the set-up script puts the interpreter that has zigpy-znp. */
const DEFAULT_PYTHON = path.join(import.meta.dirname, "../../.cache/python/bin/python");

function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String.fromCharCode("a".charCodeAt(0) + index));
}
