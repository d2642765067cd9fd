import type { BrokerConfig, EffectiveNode } from "../../config/effective.ts";
import type { Evidence, Seen } from "../../model/evidence.ts";
import { Bridge, isRefusal } from "../../zigbee2mqtt/bridge.ts";
import type { AskableDevice, BridgeInfo } from "../../zigbee2mqtt/payloads.ts";
import { TOPICS_OF_LIFE, isHeard } from "../../zigbee2mqtt/signs-of-life.ts";

type MqttView = Evidence["mqtt"];

const CONNECT_MS = 2_500;
/** What is retained comes at once. */
const RETAINED_MS = 700;
const PROCESS_MS = 3_000;
const DEVICE_MS = 4_000;
/** A coordinator check reads the whole NVRAM: seconds where it works, and 6 s until it fails. */
const COORDINATOR_MS = 15_000;
const ASKED_AT_MOST = 6;
/** Fewer that do not answer may well be without power. */
const SILENT_AT_LEAST = 3;

export interface MqttLook {
  readonly broker: BrokerConfig;
  readonly active: string;
  /** As far as they are known: whose serial port is whose. */
  readonly nodes: readonly EffectiveNode[];
  /** Ask the coordinator, where the devices are silent. */
  readonly thorough: boolean;
  /** Aborts when the node itself has said that nothing runs: what has not answered by then is not waited for. */
  readonly moot: AbortSignal;
  readonly signal: AbortSignal;
}

/** Nothing could be seen. */
export const UNSEEN = {
  brokerReachable: "unknown",
  bridgeState: "none",
  processAnswers: "unknown",
  deviceAnswers: "unknown",
  coordinatorAnswers: "unknown",
  isActive: "unknown",
} as const;

/** Zigbee2MQTT as the controller sees it on MQTT. Never rejects for what it could not see. */
export async function lookAtMqtt(look: MqttLook): Promise<MqttView> {
  let bridge: Bridge;
  try {
    const options = { timeoutMs: CONNECT_MS, topics: TOPICS_OF_LIFE, signal: look.signal };
    bridge = await Bridge.connect(look.broker, options);
  } catch (error) {
    look.signal.throwIfAborted();
    // A broker that does not let us in is there, but shows us nothing.
    return { ...UNSEEN, brokerReachable: isRefusal(error) ? "unknown" : "no" };
  }
  try {
    return { brokerReachable: "yes", ...(await askBridge(bridge, look)) };
  } catch {
    look.signal.throwIfAborted();
    return UNSEEN;
  } finally {
    await bridge.close().catch(() => undefined);
  }
}

async function askBridge(bridge: Bridge, look: MqttLook): Promise<Omit<MqttView, "brokerReachable">> {
  const { signal, thorough } = look;
  // First of all: a radio that hangs works off all questions one after the other.
  const coordinator = thorough
    ? bridge.coordinatorAnswers(COORDINATOR_MS, signal)
    : Promise.resolve("unknown" as const);
  coordinator.catch(() => undefined);
  const [bridgeState, info, processAnswers, deviceAnswers] = await Promise.all([
    bridge.state(RETAINED_MS, signal),
    bridge.info(RETAINED_MS, signal),
    unlessMoot(look, bridge.answers(PROCESS_MS, signal), false),
    askDevices(bridge, look),
  ]);
  const processSeen: Seen = processAnswers ? "yes" : "no";
  const coordinatorCounts = processAnswers && deviceAnswers !== "yes";
  return {
    bridgeState: bridgeState ?? "none",
    processAnswers: processSeen,
    // Where no process answers, silent devices say nothing about the radio.
    deviceAnswers: processAnswers || deviceAnswers === "yes" ? deviceAnswers : "unknown",
    coordinatorAnswers: coordinatorCounts ? await coordinator : "unknown",
    isActive: whose(info, look),
  };
}

async function askDevices(bridge: Bridge, look: MqttLook): Promise<Seen> {
  const known = await bridge.askableDevices(RETAINED_MS, look.signal);
  const devices = sample(
    known.filter(({ name }) => isHeard(name)),
    ASKED_AT_MOST,
  );
  if (devices.length === 0) return "unknown";
  const options = { timeoutMs: DEVICE_MS, messagesNeeded: 1, enough: 1, once: true, signal: look.signal };
  const asked = bridge.ask(devices, options);
  const { answered } = await unlessMoot(look, asked, { answered: [] });
  if (answered.length > 0) return "yes";
  return devices.length >= SILENT_AT_LEAST ? "no" : "unknown";
}

function unlessMoot<T>({ moot }: MqttLook, wait: Promise<T>, otherwise: T): Promise<T> {
  wait.catch(() => undefined);
  return Promise.race([
    wait,
    new Promise<T>((resolve) => {
      if (moot.aborted) resolve(otherwise);
      moot.addEventListener("abort", () => resolve(otherwise), { once: true });
    }),
  ]);
}

/** Nodes may well use the same path; then the port tells nothing. */
function whose(info: BridgeInfo | undefined, { nodes, active }: MqttLook): Seen {
  const port = info?.serialPort;
  const owners = nodes.filter((node) => node.ownValues["serial.port"] === port);
  if (port === undefined || owners.length !== 1) return "unknown";
  return owners[0]?.name === active ? "yes" : "no";
}

function sample(devices: readonly AskableDevice[], count: number): AskableDevice[] {
  const order = devices.map((device) => ({ device, place: Math.random() }));
  return order
    .toSorted((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ device }) => device);
}
