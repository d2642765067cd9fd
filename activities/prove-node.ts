import { readManifest, listGenerations } from "../generations/stored-generations.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities, Proof } from "../workflows/activity-types.ts";
import { Bridge } from "../zigbee2mqtt/bridge.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** How long Zigbee2MQTT may take until it answers on MQTT: it opens the radio first, and waits for a slow broker. */
const ONLINE_MS = 90_000;
const ANSWER_MS = 10_000;
/** Asked at once; enough to tell a working mesh from a dead one without flooding it. */
const ASKED_AT_MOST = 8;

/**
 * Proves that the service works on this node: its manager runs it, Zigbee2MQTT answers our own question on MQTT with the
 * network's coordinator, and devices answer through it. The others were stopped before, so nobody else can have answered.
 */
export function proveNode(world: World): HandoverActivities["proveNode"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      // First, so that a broker that cannot be reached does not hide that nothing runs.
      await requireRunning(at, signal);
      const bridge = await Bridge.connect(at.service.broker, { timeoutMs: ANSWER_MS, signal });
      try {
        await requireOnline(at, bridge, signal);
        const sendsCachedStates = await requireNetwork(at, bridge, signal);
        return await askDevices(at, bridge, sendsCachedStates, signal);
      } finally {
        await bridge.close();
      }
    });
}

async function requireRunning({ manager, node }: NodeAccess, signal: AbortSignal): Promise<void> {
  const status = await manager.status(signal);
  if (status.state === "running") return;
  throw failed(
    node.name,
    `Nothing runs there: ${manager.describe()} is ${status.state} (${status.detail}).`,
    "look at Zigbee2MQTT's log on that node.",
  );
}

async function requireOnline({ node, manager }: NodeAccess, bridge: Bridge, signal: AbortSignal): Promise<void> {
  const until = Date.now() + ONLINE_MS;
  while (Date.now() < until) {
    if (await bridge.answers(2_000, signal)) return;
    const status = await manager.status(signal);
    if (status.state !== "running")
      throw failed(node.name, `Zigbee2MQTT ended after its start (${status.detail}).`, "look at its log on that node.");
  }
  throw failed(
    node.name,
    `Zigbee2MQTT did not answer on MQTT within ${ONLINE_MS / 1000} s.`,
    "look at its log on that node, and see whether it reaches the broker.",
  );
}

/** Returns whether it publishes cached states after its start. */
async function requireNetwork({ host, node }: NodeAccess, bridge: Bridge, signal: AbortSignal): Promise<boolean> {
  const info = await bridge.info(ANSWER_MS, signal);
  const newest = (await listGenerations(host, node, signal)).at(-1);
  const expected =
    newest === undefined ? undefined : (await readManifest(host, node, newest, signal)).summary.coordinatorIeee;
  const found = info?.coordinatorIeee;
  if (expected !== undefined && found !== expected) {
    throw failed(
      node.name,
      `Zigbee2MQTT speaks with coordinator ${found ?? "unknown"}, not with ${expected}.`,
      "see which stick it opened: its serial port may be another one's.",
    );
  }
  return info?.sendsCachedStates ?? true;
}

async function askDevices(
  { node, service }: NodeAccess,
  bridge: Bridge,
  sendsCachedStates: boolean,
  signal: AbortSignal,
): Promise<Proof> {
  const devices = (await bridge.askableDevices(ANSWER_MS, signal)).slice(0, ASKED_AT_MOST);
  if (devices.length === 0) return { firstAnswerAt: new Date().toISOString(), answered: 0, asked: 0 };
  const { firstAnswerAt, answered } = await bridge.ask(devices, {
    timeoutMs: service.policy.proofTimeoutMs,
    messagesNeeded: sendsCachedStates ? 2 : 1,
    signal,
  });
  // Some routers are always unplugged; a mesh of which less than half answers is not served.
  if (firstAnswerAt && answered.length * 2 >= devices.length)
    return { firstAnswerAt: firstAnswerAt.toISOString(), answered: answered.length, asked: devices.length };
  throw failed(
    node.name,
    `Only ${answered.length} of ${devices.length} mains-powered devices answered within ${service.policy.proofTimeoutMs / 1000} s.`,
    "see whether that stick has its antenna and the same firmware as the other.",
    "DEVICES_SILENT",
  );
}

function failed(
  node: string,
  what: string,
  next: string,
  id: "PROOF_FAILED" | "DEVICES_SILENT" = "PROOF_FAILED",
): UnderstudyError {
  return new UnderstudyError(id, { node, what, next });
}
