import type { NodeConfig } from "../user-config.ts";
import { setInFile, type Found } from "./found.ts";
import type { SerialPort } from "./serial-port.ts";
import type { Zigbee2MqttConfiguration } from "./zigbee2mqtt-configuration.ts";

export type OwnValue = string | number | boolean;

/**
 * The values that stay this node's when it takes over another node's configuration: its serial port and frontend address
 * and how it reaches the broker, as its own configuration.yaml has them, then whatever `set:` says.
 */
export function findOwnValues(
  node: NodeConfig,
  configuration: Zigbee2MqttConfiguration | undefined,
  serial: SerialPort,
): Map<string, Found<OwnValue>> {
  const values = new Map<string, Found<OwnValue>>();
  values.set("serial.port", serial.configured);
  if (configuration) {
    const { mqtt, frontend, file } = configuration;
    const found: Record<string, OwnValue | undefined> = {
      "serial.adapter": configuration.serial.adapter,
      "serial.baudrate": configuration.serial.baudrate,
      "serial.rtscts": configuration.serial.rtscts,
      "frontend.host": frontend.host,
      "frontend.port": frontend.port,
      "mqtt.server": mqtt.server,
      "mqtt.client_id": mqtt.clientId,
    };
    for (const [path, value] of Object.entries(found))
      if (value !== undefined) values.set(path, { value, source: `found in ${file}` });
  }
  for (const [path, value] of Object.entries(node.set))
    values.set(path, { value, source: setInFile(node.setAt, `set.${path}`) });
  return values;
}
