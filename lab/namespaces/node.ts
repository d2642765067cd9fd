import fs from "node:fs";
import path from "node:path";
import type { Dongle } from "../coordinator/dongle.ts";
import { configurationYaml } from "../home/configuration.ts";
import type { BrokerAccess, NetworkIdentity } from "../home/configuration.ts";
import type { MqttObserver } from "../home/mqtt-observer.ts";
import { Zigbee2Mqtt } from "../home/zigbee2mqtt.ts";
import type { LocalHost } from "../hosts/local-host.ts";
import { NamespaceHost } from "./host.ts";
import type { InitKind } from "./init-system.ts";

export interface NamespaceNodeOptions {
  readonly host: NamespaceHost;
  readonly init: InitKind;
  readonly dongle: Dongle;
  /** USB serial number of the dongle. */
  readonly serialNumber: string;
  readonly mqtt: MqttObserver;
}

const FRONTEND_PORT = 8080;

/** One node, as lab/home knows it, on a namespace host: the host, its stick, and its Zigbee2MQTT. */
export class NamespaceNode {
  readonly name: string;
  /** As the rest of a home knows hosts. */
  readonly host: LocalHost;
  readonly namespaceHost: NamespaceHost;
  readonly dongle: Dongle;
  readonly serialNumber: string;
  readonly zigbee2mqtt: Zigbee2Mqtt;
  /** The stick's path as Zigbee2MQTT is told it. */
  readonly serialPort: string;
  /** Understudy's own directory on this node: the usual one. */
  readonly stateDirectory = "/var/lib/understudy/zigbee";
  readonly frontendPort = FRONTEND_PORT;

  constructor(options: NamespaceNodeOptions) {
    this.namespaceHost = options.host;
    // It has all that a home uses of a LocalHost; a class with private members cannot be declared so.
    this.host = options.host as unknown as LocalHost;
    this.name = options.host.name;
    this.dongle = options.dongle;
    this.serialNumber = options.serialNumber;
    this.zigbee2mqtt = new Zigbee2Mqtt(this.host, options.mqtt);
    this.serialPort = options.init === "busybox" ? "/dev/ttyUSB0" : NamespaceHost.byIdPath(options.serialNumber);
  }

  /** Zigbee2MQTT's frontend, while it runs on this node. */
  get frontendUrl(): string {
    return `http://${this.namespaceHost.address}:${this.frontendPort}`;
  }

  /** Plugs the stick in: it gets power, and the host finds it. */
  async plug(): Promise<void> {
    const { path: terminal } = await this.dongle.plug();
    await this.namespaceHost.plugDongle(terminal, { serialNumber: this.serialNumber });
  }

  /** Pulls the stick: its radio is off, and its device gone. */
  async unplug(): Promise<void> {
    await this.namespaceHost.unplugDongle();
    await this.dongle.unplug();
  }

  /** Switches the USB port's power off and on, as uhubctl does: whatever the firmware did, it boots, and is not started. */
  async cyclePort(): Promise<void> {
    await this.unplug();
    await this.plug();
  }

  /** Writes Zigbee2MQTT's configuration.yaml with this node's own serial port and frontend. */
  writeConfiguration(network: NetworkIdentity, broker: BrokerAccess): void {
    const { serialPort, frontendPort } = this;
    const yaml = configurationYaml({ nodeName: this.name, network, broker, serialPort, frontendPort });
    const own = yaml.replace("  host: 127.0.0.1\n", `  host: ${this.namespaceHost.address}\n`);
    fs.writeFileSync(path.join(this.zigbee2mqtt.dataDirectory, "configuration.yaml"), own);
  }

  /** The host loses its power, and its bus-powered stick with it. */
  async powerOff(): Promise<void> {
    // First the host, whose network goes at once: nobody is told that the stick is gone.
    await this.namespaceHost.powerOff();
    await this.dongle.unplug();
    await this.namespaceHost.unplugDongle();
  }

  /** Power returns to both: the host boots, and Zigbee2MQTT does not start. */
  async powerOn(): Promise<void> {
    await this.namespaceHost.powerOn();
    await this.plug();
  }
}
