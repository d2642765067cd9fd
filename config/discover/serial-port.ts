import { notUnderstood, setInFile, type Found, type NodeContext } from "./found.ts";
import type { ManagerFacts } from "./manager-facts.ts";
import { listSerialDevices, type SerialDevices, type Stick } from "./serial-devices.ts";
import type { Zigbee2MqttConfiguration } from "./zigbee2mqtt-configuration.ts";

export interface SerialPort {
  /** As programs on the node itself open it. */
  readonly port: Found<string>;
  readonly serialNumber?: Found<string>;
  /** A serial number is set, and whether this is the stick that has it cannot be seen. */
  readonly unproven?: true;
  /** As Zigbee2MQTT opens it, which a container may know by another name. */
  readonly configured: Found<string>;
}

/** Names under which makers sell sticks with a Z-Stack chip, or that say Zigbee themselves. */
const LOOKS_LIKE_ZIGBEE =
  /zigbee|sonoff|zbdongle|cc26[0-9]2|cc1352|cc2538|cc2531|zzh|slaesh|tubeszb|electrolama|texas_instruments|zstack/i;

/**
 * The coordinator's serial port: as set, else as Zigbee2MQTT's configuration has it, else the only stick of the node that
 * looks like one. A `/dev/ttyUSB0` is replaced by its by-id link, where there is one, because its number changes.
 */
export async function findSerialPort(
  context: NodeContext,
  configuration: Zigbee2MqttConfiguration | undefined,
  facts: ManagerFacts,
): Promise<SerialPort> {
  const { node } = context;
  const wanted = wantedPort(context, configuration, facts);
  if (wanted && !wanted.value.startsWith("/")) return networkPort(context, wanted);
  const devices = await listSerialDevices(context.host, wanted?.value ?? "");
  const stick = chooseStick(context, devices, wanted?.value);
  if (!stick) {
    if (!wanted)
      throw notUnderstood(
        node.name,
        noStick(devices),
        "set coordinator.port for this node to its coordinator's path (best one in /dev/serial/by-id).",
      );
    if (devices.given === undefined) context.warn(`${wanted.value} is not there now.`);
    return {
      port: wanted,
      ...identityOf(context, isUsb(devices.given) ? { tty: devices.given } : undefined),
      configured: asZigbee2MqttOpensIt(wanted, wanted, configuration, facts),
    };
  }
  if (stick.byId === undefined && stick.serialNumber === undefined) {
    context.warn(`${stick.tty} has neither a by-id link nor a serial number: it cannot be told from another stick.`);
  }
  const named = stick.tty === devices.given ? wanted : undefined;
  const port = portOf(stick, wanted, named);
  return {
    port,
    ...identityOf(context, stick),
    configured: asZigbee2MqttOpensIt(port, named, configuration, facts),
  };
}

/** The port that somebody has named, as the node itself knows it. */
function wantedPort(
  { node }: NodeContext,
  configuration: Zigbee2MqttConfiguration | undefined,
  facts: ManagerFacts,
): Found<string> | undefined {
  const { port } = node.coordinator;
  if (port !== undefined) return { value: port, source: setInFile(node.setAt, "coordinator.port") };
  const configured = configuration?.serial.port;
  if (configuration && configured !== undefined && configured !== "") {
    const mapped = facts.devices.find((device) => device.inside === configured);
    const source = `found in ${configuration.file}`;
    return mapped
      ? { value: mapped.onNode, source: `${source}, which is ${configured} in the container` }
      : { value: configured, source };
  }
  const only = facts.devices.length === 1 ? facts.devices[0] : undefined;
  return only && { value: only.onNode, source: "found: the container's only device" };
}

/**
 * The port as it belongs into Zigbee2MQTT's configuration: what is there already if that means the same stick, else the
 * container's name for the port, else the port. `named` is the path in words of whoever named it, undefined if it was
 * found otherwise.
 */
function asZigbee2MqttOpensIt(
  port: Found<string>,
  named: Found<string> | undefined,
  configuration: Zigbee2MqttConfiguration | undefined,
  facts: ManagerFacts,
): Found<string> {
  const written = configuration?.serial.port;
  const leadsTo = facts.devices.find((device) => device.inside === written)?.onNode ?? written;
  if (configuration && written && named?.value === leadsTo)
    return { value: written, source: `found in ${configuration.file}` };
  const inside = facts.devices.find((device) => device.onNode === port.value || device.onNode === named?.value)?.inside;
  return inside === undefined ? port : { value: inside, source: `${port.source}, by the container's name for it` };
}

function networkPort({ node }: NodeContext, wanted: Found<string>): SerialPort {
  if (!/^tcp:\/\/[A-Za-z0-9._[\]:-]+:[0-9]{1,5}$/.test(wanted.value)) {
    throw notUnderstood(
      node.name,
      "The serial port in Zigbee2MQTT's configuration is neither a path nor tcp://host:port.",
      "set coordinator.port for this node to the coordinator's tcp://host:port or its path.",
    );
  }
  return { port: wanted, configured: wanted };
}

/** The stick with the serial number that is set; else the one the port leads to; else the only one that looks right. */
function chooseStick(
  { node }: NodeContext,
  { sticks, given }: SerialDevices,
  wanted: string | undefined,
): Stick | undefined {
  const serial = node.coordinator.serialNumber;
  const bySerial = serial === undefined ? undefined : sticks.find((stick) => bears(stick, serial));
  if (bySerial) return bySerial;
  const likely = sticks.filter((stick) => LOOKS_LIKE_ZIGBEE.test(stick.description));
  const only = likely.length === 1 ? likely[0] : undefined;
  const chosen = wanted === undefined ? only : sticks.find((stick) => stick.tty === given);
  // The one that is set is not there: whatever else is plugged in now is another one (I11).
  if (serial !== undefined && chosen?.serialNumber !== undefined) {
    const which = wanted === undefined ? "only stick that looks like a coordinator" : "stick at the coordinator's port";
    throw notUnderstood(
      node.name,
      `The ${which} has another serial number than coordinator.serialNumber.`,
      "plug the right stick in, or correct coordinator.serialNumber in understudy.yaml.",
    );
  }
  return chosen;
}

/** Whether it is the stick with that serial number, by its descriptor, or where that cannot be read by the name of its link. */
function bears({ serialNumber, byId }: Pick<Stick, "serialNumber" | "byId">, serial: string): boolean {
  return serialNumber === undefined ? (byId?.includes(`_${serial}-if`) ?? false) : serialNumber === serial;
}

/** A port of the mainboard has no serial number that it could be told by. */
function isUsb(tty: string | undefined): tty is string {
  return tty !== undefined && /^\/dev\/tty(USB|ACM)/.test(tty);
}

function portOf(stick: Stick, wanted: Found<string> | undefined, named: Found<string> | undefined): Found<string> {
  if (named?.value.startsWith("/dev/serial/")) return named;
  const value = stick.byId ?? stick.tty;
  if (named) return value === named.value ? named : { value, source: `${named.source} as ${named.value}` };
  if (wanted) return { value, source: "found by its serial number" };
  return { value, source: "found: the only stick that looks like a Zigbee coordinator" };
}

/** The serial number that is set or was found. One that is set is believed of a stick only where that bears it (I11). */
function identityOf(
  { node, warn }: NodeContext,
  stick: (Pick<Stick, "tty"> & Partial<Stick>) | undefined,
): Pick<SerialPort, "serialNumber" | "unproven"> {
  const set = node.coordinator.serialNumber;
  if (set !== undefined) {
    if (!stick || bears({ serialNumber: stick.serialNumber, byId: stick.byId }, set))
      return { serialNumber: { value: set, source: setInFile(node.setAt, "coordinator.serialNumber") } };
    warn(
      `${stick.tty} does not report the serial number that coordinator.serialNumber says, nor any other: it may be another stick, so it is not written.`,
    );
    return { unproven: true };
  }
  const found = stick?.serialNumber;
  return found === undefined ? {} : { serialNumber: { value: found, source: `found at ${stick?.tty}` } };
}

function noStick({ sticks }: SerialDevices): string {
  const likely = sticks.filter((stick) => LOOKS_LIKE_ZIGBEE.test(stick.description));
  const name = (stick: Stick): string => (stick.byId ?? stick.tty).replaceAll(/[^\x20-\x7e]/g, "?");
  if (likely.length > 1) return `Several sticks look like a Zigbee coordinator: ${likely.map(name).join(", ")}.`;
  if (sticks.length > 0)
    return `Zigbee2MQTT's configuration names no serial port, and no stick looks like a Zigbee coordinator: ${sticks.slice(0, 5).map(name).join(", ")}.`;
  return "Zigbee2MQTT's configuration names no serial port, and no USB stick with a serial port is plugged in.";
}
