/** What makes the network of a home; the same on all nodes. */
export interface NetworkIdentity {
  readonly networkKey: readonly number[];
  readonly panId: number;
  readonly extendedPanId: readonly number[];
  readonly channel: number;
}

export interface BrokerAccess {
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

export interface ConfigurationValues {
  readonly nodeName: string;
  readonly network: NetworkIdentity;
  readonly broker: BrokerAccess;
  readonly serialPort: string;
  readonly frontendPort: number;
}

/** Zigbee2MQTT's configuration.yaml as a careful owner would have written it: with comments, and with files beside it. */
export function configurationYaml(values: ConfigurationValues): string {
  const { network, broker } = values;
  const credentials = broker.credentials
    ? `  user: ${JSON.stringify(broker.credentials.username)}\n  password: ${JSON.stringify(broker.credentials.password)}\n`
    : "";
  return `# Zigbee2MQTT of node ${values.nodeName}
version: 5

# The broker of the house
mqtt:
  base_topic: zigbee2mqtt
  server: ${broker.url}
${credentials}  keepalive: 10 # so that a frozen node is noticed soon

serial:
  # by-id, because ttyUSB0 is sometimes ttyUSB1
  port: ${values.serialPort}
  adapter: zstack

# Each node has its own
frontend:
  enabled: true
  host: 127.0.0.1
  port: ${values.frontendPort}

advanced:
  # Never change these: every device would have to join again
  network_key: [${network.networkKey.join(", ")}]
  pan_id: ${network.panId}
  ext_pan_id: [${network.extendedPanId.join(", ")}]
  channel: ${network.channel}
  last_seen: epoch
  log_level: info
  log_output: [console, file]

homeassistant:
  enabled: false

devices: devices.yaml
groups: groups.yaml
`;
}

/** devices.yaml, in which the owner has named the devices before they join. */
export function devicesYaml(devices: readonly { readonly ieeeAddress: string; readonly name: string }[]): string {
  return devices.map(({ ieeeAddress, name }) => `'${ieeeAddress}':\n  friendly_name: ${name}\n`).join("");
}
