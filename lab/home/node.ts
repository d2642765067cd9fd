import fs from "node:fs";
import path from "node:path";
import type { Dongle } from "../coordinator/dongle.ts";
import type { LocalHost } from "../hosts/local-host.ts";
import { configurationYaml } from "./configuration.ts";
import type { BrokerAccess, NetworkIdentity } from "./configuration.ts";
import type { MqttObserver } from "./mqtt-observer.ts";
import { Zigbee2Mqtt } from "./zigbee2mqtt.ts";

export interface HomeNodeOptions {
  readonly host: LocalHost;
  readonly dongle: Dongle;
  /** USB serial number of the dongle. */
  readonly serialNumber: string;
  readonly frontendPort: number;
  readonly mqtt: MqttObserver;
}

/** One node: a host, its stick, and its Zigbee2MQTT. */
export class HomeNode {
  readonly name: string;
  readonly host: LocalHost;
  readonly dongle: Dongle;
  readonly serialNumber: string;
  readonly zigbee2mqtt: Zigbee2Mqtt;
  /** The stick's path as Zigbee2MQTT is told it; a link to the terminal that it has at present. */
  readonly serialPort: string;
  /** Understudy's own directory on this node. */
  readonly stateDirectory: string;
  readonly frontendPort: number;

  constructor(options: HomeNodeOptions) {
    this.host = options.host;
    this.name = options.host.name;
    this.dongle = options.dongle;
    this.serialNumber = options.serialNumber;
    this.frontendPort = options.frontendPort;
    this.zigbee2mqtt = new Zigbee2Mqtt(options.host, options.mqtt);
    const link = `usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_${options.serialNumber}-if00-port0`;
    this.serialPort = path.join(this.host.directory, "dev/serial/by-id", link);
    this.stateDirectory = path.join(this.host.directory, "var/lib/understudy/zigbee");
  }

  /** Zigbee2MQTT's frontend, while it runs on this node. */
  get frontendUrl(): string {
    return `http://127.0.0.1:${this.frontendPort}`;
  }

  /** Plugs the stick in: it gets power, and its by-id link appears. */
  async plug(): Promise<void> {
    const { path: terminal } = await this.dongle.plug();
    fs.mkdirSync(path.dirname(this.serialPort), { recursive: true });
    fs.rmSync(this.serialPort, { force: true });
    fs.symlinkSync(terminal, this.serialPort);
  }

  /** Pulls the stick: its radio is off, and its link gone. */
  async unplug(): Promise<void> {
    fs.rmSync(this.serialPort, { force: true });
    await this.dongle.unplug();
  }

  /** Switches the USB port's power off and on, as uhubctl does: whatever the firmware did, it boots, and is not started. */
  async cyclePort(): Promise<void> {
    await this.unplug();
    await this.plug();
  }

  /** Writes Zigbee2MQTT's configuration.yaml with this node's own serial port and frontend. */
  writeConfiguration(network: NetworkIdentity, broker: BrokerAccess): void {
    fs.writeFileSync(
      path.join(this.zigbee2mqtt.dataDirectory, "configuration.yaml"),
      configurationYaml({
        nodeName: this.name,
        network,
        broker,
        serialPort: this.serialPort,
        frontendPort: this.frontendPort,
      }),
    );
  }

  /** The host loses its power, and its bus-powered stick with it. */
  async powerOff(): Promise<void> {
    await Promise.all([this.host.powerOff(), this.dongle.unplug()]);
  }
}
