import { randomBytes, randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Air } from "../air/air.ts";
import { Dongle } from "../coordinator/dongle.ts";
import { MARK } from "../home/create-home.ts";
import type { HomeOptions } from "../home/create-home.ts";
import { findKeptHome, formOrRestore } from "../home/formed-home.ts";
import { Home } from "../home/home.ts";
import { MqttObserver } from "../home/mqtt-observer.ts";
import { freePorts } from "../hosts/free-port.ts";
import { startJanitor } from "../hosts/janitor.ts";
import { writePrivateKey } from "../hosts/keys.ts";
import { createOpenSshKeyPair } from "./keys.ts";
import type { KeyPair } from "../hosts/keys.ts";
import { createNamespaceHost } from "./host.ts";
import type { NamespaceHost } from "./host.ts";
import type { InitKind } from "./init-system.ts";
import { createMosquittoHost } from "./mosquitto.ts";
import type { MosquittoHost } from "./mosquitto.ts";
import { createNamespaceNetwork } from "./network.ts";
import type { NamespaceNetwork } from "./network.ts";
import { NamespaceNode } from "./node.ts";
import { sshdService, zigbee2mqttService, zigpyZnp, ZIGPY_ZNP_PYTHON } from "./services.ts";
import type { Sudo } from "./system-files.ts";
import { understudyYaml } from "./understudy-yaml.ts";

export interface NamespaceHomeOptions extends Omit<HomeOptions, "broker"> {
  /** Init system of the nodes: one for all, or one for each, in order. Default busybox, as on Alpine. */
  readonly init?: InitKind | readonly InitKind[];
  /** How pi gets the rights of root. Default: without a password. */
  readonly sudo?: Sudo;
  /** Directories of the nodes that are file systems of their own, with their size in MB. */
  readonly volumes?: Readonly<Record<string, number>>;
}

/** A home on namespace hosts, with what only these can do. */
export interface NamespaceHome {
  readonly home: Home;
  /** In the order of `home.nodes`. */
  readonly nodes: readonly NamespaceNode[];
  readonly broker: MosquittoHost;
  readonly network: NamespaceNetwork;
}

const HARDWARE_ADDRESSES = 0x00_12_4b_00_2b_00_00_01n;
/** Where the set-up script puts the interpreter that has zigpy-znp. */
const DEFAULT_PYTHON = path.join(import.meta.dirname, "../../.cache/python/bin/python");

/**
 * Brings up the same home as `createHome`, on namespace hosts: a third machine with Mosquitto, nodes with a stick each,
 * devices. Needs root. Rejects, with everything ended again, when something does not come up or `signal` aborts.
 */
export async function createNamespaceHome(options: NamespaceHomeOptions): Promise<NamespaceHome> {
  const { directory, signal } = options;
  const progress = options.progress ?? (() => undefined);
  fs.mkdirSync(directory, { recursive: true });
  const id = randomUUID();
  const cleaning: (() => Promise<void> | void)[] = [startJanitor(`${MARK}=${id}`, directory)];
  const cleanUp = async (): Promise<void> => {
    for (let clean = cleaning.pop(); clean; clean = cleaning.pop()) await clean();
  };
  try {
    const network = await createNamespaceNetwork();
    cleaning.push(() => network.stop());
    const userKey = createOpenSshKeyPair();
    const credentials = { username: "home", password: randomBytes(9).toString("base64url") };
    const brokerDirectory = path.join(directory, "hosts/broker");
    const broker = await createMosquittoHost({
      network,
      directory: brokerDirectory,
      authorizedKey: userKey,
      credentials,
    });
    cleaning.push(() => broker.host.stop());
    const mqtt = await MqttObserver.connect(broker.url, credentials);
    cleaning.push(() => mqtt.close());
    progress(`MQTT broker (mosquitto): ${broker.url}`);

    const air = new Air();
    cleaning.push(() => air.close());
    const count = options.devices ?? 12;
    const kept = options.fresh ? undefined : findKeptHome(count);
    const names = Array.from({ length: options.nodes ?? 2 }, (_, index) => String.fromCharCode(97 + index)); // 97: "a"
    const stickFiles = names.map((name) => path.join(directory, `stick-${name}.json`));
    const [stickFile = ""] = stickFiles;
    if (kept?.snapshot) fs.writeFileSync(stickFile, kept.snapshot.stick, { mode: 0o600 });
    const nodes: NamespaceNode[] = [];
    for (const [index, name] of names.entries()) {
      const init = initOf(options, index);
      const host = await createNodeHost(name, init, { options, network, userKey });
      cleaning.push(() => host.stop());
      const serialNumber = randomBytes(16).toString("hex");
      const dongle = new Dongle({
        name: `stick-${name}`,
        hardwareIeee: (HARDWARE_ADDRESSES + BigInt(index)).toString(16).padStart(16, "0"),
        stateFile: stickFiles[index] ?? "",
        timing: options.timing ?? "off",
        air,
        usb: { vendor: "ITead", product: "Sonoff Zigbee 3.0 USB Dongle Plus", serialNumber },
      });
      const node = new NamespaceNode({ host, init, dongle, serialNumber, mqtt });
      cleaning.push(() => node.powerOff());
      nodes.push(node);
      progress(`Node ${name}: SSH on ${host.address}, ${init}, stick ${serialNumber.slice(0, 8)}…`);
    }

    const brokerAccess = { url: broker.url, credentials };
    const common = { nodes, air, mqtt, broker: brokerAccess, stickFile, kept, progress, signal };
    const devices = await formOrRestore({ ...common, devices: count });
    cleaning.push(() => {
      for (const { radio } of devices) radio.powerOff();
    });

    const [temporalPort = 0, temporalUiPort = 0] = await freePorts(2);
    const configFile = path.join(directory, "understudy.yaml");
    const identityFile = path.join(directory, "ssh-key");
    const knownHostsFile = path.join(directory, "known-hosts");
    writePrivateKey(identityFile, userKey);
    const hosts = nodes.map(({ namespaceHost }) => namespaceHost);
    fs.writeFileSync(knownHostsFile, hosts.map(({ knownHostsLine }) => knownHostsLine).join(""));
    const sudoPasswordFile = writeSudoPassword(directory, options.sudo);
    const driver = options.driver ?? process.env.LAB_DRIVER ?? "zstack";
    const python = driver === "zigpy-znp" ? ZIGPY_ZNP_PYTHON : undefined;
    const temporal = { port: temporalPort, uiPort: temporalUiPort, dataDirectory: path.join(directory, "temporal") };
    fs.writeFileSync(
      configFile,
      understudyYaml({ identityFile, knownHostsFile, python, hosts, sudoPasswordFile, temporal }),
    );
    const home = new Home({
      directory,
      configFile,
      temporalUiUrl: `http://127.0.0.1:${temporalUiPort}`,
      environment: { [MARK]: id },
      air,
      broker: { kind: "mosquitto", port: 1883, url: broker.url, credentials, stop: () => broker.host.powerOff() },
      mqtt,
      nodes,
      devices,
      cleanUp,
    });
    return { home, nodes, broker, network };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function createNodeHost(
  name: string,
  init: InitKind,
  { options, network, userKey }: { options: NamespaceHomeOptions; network: NamespaceNetwork; userKey: KeyPair },
): Promise<NamespaceHost> {
  const tools = await zigpyZnp(process.env.UNDERSTUDY_PYTHON ?? DEFAULT_PYTHON);
  return await createNamespaceHost({
    name,
    network,
    directory: path.join(options.directory, "hosts", name),
    authorizedKey: userKey,
    services: [await sshdService(), await zigbee2mqttService({ version: options.versions?.[name] })],
    overlay: tools.files,
    mounts: tools.mounts,
    init,
    sudo: options.sudo,
    volumes: options.volumes,
  });
}

/** The password of pi, where sudo asks for one, in a file that only its owner may read. */
function writeSudoPassword(directory: string, sudo: Sudo | undefined): string | undefined {
  if (sudo?.kind !== "password") return undefined;
  const file = path.join(directory, "sudo-password");
  fs.writeFileSync(file, `${sudo.password}\n`, { mode: 0o600 });
  return file;
}

function initOf({ init }: NamespaceHomeOptions, index: number): InitKind {
  return (typeof init === "string" ? init : init?.[index]) ?? "busybox";
}
