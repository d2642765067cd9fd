import fs from "node:fs";
import path from "node:path";
import type { Air } from "../air/air.ts";
import { RadioDevice } from "../air/radio-device.ts";
import { deviceFromJSON } from "../devices/index.ts";
import { ZIGBEE2MQTT_VERSION } from "../hosts/zigbee2mqtt-install.ts";
import { devicesYaml } from "./configuration.ts";
import type { BrokerAccess, NetworkIdentity } from "./configuration.ts";
import { joinAll } from "./formation.ts";
import type { HomeDevice } from "./home.ts";
import { createHousehold } from "./household.ts";
import type { MqttObserver } from "./mqtt-observer.ts";
import { createNetwork } from "./network.ts";
import type { HomeNode } from "./node.ts";
import { readSnapshot, restoreData, saveSnapshot } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";
import { sourceHash } from "./source-hash.ts";

/** A home formed by an earlier run, with the same sources of the lab and as many devices. */
export interface KeptHome {
  readonly name: string;
  /** Undefined: there is none yet. */
  readonly snapshot: Snapshot | undefined;
}

export interface FormedHomeOptions {
  /** The first forms the network and serves it. */
  readonly nodes: readonly HomeNode[];
  /** The file that is the first node's stick's flash; restored already where there is a kept home. */
  readonly stickFile: string;
  readonly air: Air;
  readonly mqtt: MqttObserver;
  readonly broker: BrokerAccess;
  readonly devices: number;
  /** Undefined: the network is formed here and now, and not kept. */
  readonly kept: KeptHome | undefined;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal | undefined;
}

const START_WITHIN_MS = 60_000;
const JOIN_WITHIN_MS = 60_000;

export function findKeptHome(devices: number): KeptHome {
  const name = sourceHash(ZIGBEE2MQTT_VERSION, String(devices));
  return { name, snapshot: readSnapshot(name) };
}

/**
 * Lets the first node serve a network with so many devices, formed now or kept from an earlier run. All nodes have their
 * configuration afterwards, and their sticks plugged in. Rejects with the devices switched off.
 */
export async function formOrRestore(options: FormedHomeOptions): Promise<HomeDevice[]> {
  const devices = createRadioDevices(options.devices, options.air, options.kept?.snapshot);
  try {
    await bringUpNetwork(devices, options);
    return devices;
  } catch (error) {
    for (const { radio } of devices) radio.powerOff();
    throw error;
  }
}

/** So many devices: new from the factory, or as they were in the home that was kept. */
function createRadioDevices(count: number, air: Air, snapshot: Snapshot | undefined): HomeDevice[] {
  return createHousehold(count).map((device, index) => {
    if (!snapshot) {
      return { ...device, radio: new RadioDevice(device.application, { ieee: device.ieeeAddress, air }) };
    }
    const stored = snapshot.devices[index];
    if (!stored) throw new Error(`The kept home lacks ${device.name}.`);
    const application = deviceFromJSON(stored.application);
    return { ...device, application, radio: RadioDevice.fromJSON(application, stored.radio, air) };
  });
}

async function bringUpNetwork(devices: readonly HomeDevice[], options: FormedHomeOptions): Promise<void> {
  const [first, ...others] = options.nodes;
  if (!first) throw new Error("A home needs a node.");
  const { kept, broker, signal } = options;
  const network = kept?.snapshot?.network ?? createNetwork();
  for (const node of options.nodes) node.writeConfiguration(network, broker);
  if (kept?.snapshot) {
    restoreData(kept.name, first.zigbee2mqtt.dataDirectory);
  } else {
    await form(first, devices, options);
    if (kept) await keep(kept.name, first, network, devices, options.stickFile);
  }
  await Promise.all(others.map(async (node) => await node.plug()));
  if (first.zigbee2mqtt.running) return;
  await first.plug();
  await first.zigbee2mqtt.start(START_WITHIN_MS, signal);
}

/** The network is formed by Zigbee2MQTT, and every device joins it by Zigbee2MQTT's interview. */
async function form(node: HomeNode, devices: readonly HomeDevice[], options: FormedHomeOptions): Promise<void> {
  const { mqtt, progress, signal } = options;
  fs.writeFileSync(path.join(node.zigbee2mqtt.dataDirectory, "devices.yaml"), devicesYaml(devices));
  await node.plug();
  await node.zigbee2mqtt.start(START_WITHIN_MS, signal);
  progress(`Zigbee2MQTT ${ZIGBEE2MQTT_VERSION} on node ${node.name} has formed a network.`);
  await joinAll({ mqtt, devices, progress, signal, withinMs: JOIN_WITHIN_MS });
}

async function keep(
  name: string,
  node: HomeNode,
  network: NetworkIdentity,
  devices: readonly HomeDevice[],
  stickFile: string,
): Promise<void> {
  await node.zigbee2mqtt.stop();
  await node.unplug();
  const snapshot = {
    network,
    stick: fs.readFileSync(stickFile, "utf8"),
    devices: devices.map(({ application, radio }) => ({ application: application.toJSON(), radio: radio.toJSON() })),
  };
  saveSnapshot(name, snapshot, node.zigbee2mqtt.dataDirectory);
}
