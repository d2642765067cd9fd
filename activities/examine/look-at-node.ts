import type { EffectiveNode, SshTarget } from "../../config/effective.ts";
import { isGrantValid, readBootId, readGrant } from "../../generations/node-state.ts";
import type { Host } from "../../hosts/host.ts";
import { addressOf, machineAnswers, nodeReaches } from "../../hosts/reach.ts";
import type { ServiceStatus } from "../../hosts/services/driver.ts";
import { serviceManager } from "../../hosts/services/service-manager.ts";
import type { ServiceManager } from "../../hosts/services/service-manager.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { readNodeSide } from "../../node/facts.ts";
import type { Evidence, Seen } from "../../model/evidence.ts";
import { within } from "./within.ts";

type NodeView = Evidence["node"];

/** For a login and one command, on a small machine. */
const SSH_MS = 4_500;
const PING_MS = 2_500;
const BROKER_MS = 2_000;

const UNSEEN: Omit<NodeView, "reachable" | "answersPing"> = {
  process: "unknown",
  stoppedOnPurpose: "unknown",
  donglePresent: "unknown",
  sameBoot: "unknown",
  brokerReachable: "unknown",
};

export interface LookedAtNode {
  readonly ssh: SshTarget;
  /** Finds out what it is like, where that is not remembered. */
  readonly find: (signal: AbortSignal) => Promise<{ node: EffectiveNode; host: Host }>;
}

/** The node that should serve, by SSH and by ping. Never rejects for what it could not see. */
export async function lookAtNode(looked: LookedAtNode, signal: AbortSignal): Promise<NodeView> {
  const [answersPing, seen] = await Promise.all([
    // Through a jump host only that one would answer.
    looked.ssh.jump ? ("unknown" as const) : machineAnswers(looked.ssh, PING_MS),
    within<Omit<NodeView, "answersPing">>(SSH_MS, signal, (limit) => inside(looked, limit), notReached),
  ]);
  return { ...seen, answersPing };
}

async function inside({ find }: LookedAtNode, signal: AbortSignal): Promise<Omit<NodeView, "answersPing">> {
  const { node, host } = await find(signal);
  // Whatever else cannot be told, a command that ran shows that the node is there.
  await host.run("exit 0", { timeoutMs: SSH_MS, signal });
  const quietly = <T>(look: Promise<T>, otherwise: T) => look.catch(() => otherwise);
  const manager = serviceManager(host, node.manager);
  const [status, sameBoot, brokerReachable, fencedItself] = await Promise.all([
    manager.status(signal).catch((error: unknown): ServiceStatus => ({ state: "unknown", detail: wordsOf(error) })),
    quietly(isSameBoot(host, node, signal), "unknown"),
    reachesBroker(host, node, signal),
    quietly(
      readNodeSide(host, node, signal).then((side) => side.fencedItself !== undefined),
      false,
    ),
  ]);
  return {
    reachable: "yes",
    process: status.state,
    // The node's own guard stopped it because it was cut off, which is over now: nobody wants it stopped.
    stoppedOnPurpose: fencedItself ? "no" : wasStoppedOnPurpose(manager.kind, status),
    ...(await lookAtCoordinator(host, node, status, signal)),
    sameBoot,
    brokerReachable,
    detail: status.detail,
  };
}

function notReached(error: unknown): Omit<NodeView, "answersPing"> {
  return { ...UNSEEN, reachable: "no", detail: wordsOf(error) };
}

function wordsOf(error: unknown): string {
  return error instanceof UnderstudyError ? error.what : `no answer within ${SSH_MS / 1000} s`;
}

/**
 * Service managers tell a stop that was asked for from an end by itself, more or less well; where they do not, what
 * Zigbee2MQTT said on MQTT decides.
 */
export function wasStoppedOnPurpose(kind: ServiceManager["kind"], { state, detail }: ServiceStatus): Seen {
  if (state === "running") return "no";
  if (state === "unknown") return "unknown";
  switch (kind) {
    case "systemd":
      if (state === "stopped") return "yes";
      // Zigbee2MQTT may leave with 1 when it was told to stop and its radio did not answer any more.
      return detail.includes("exit-code") ? "unknown" : "no";
    case "openrc":
      return state === "stopped" ? "yes" : "no";
    case "docker":
      if (state === "failed") return "no";
      // 137 is a kill, by Docker after its grace or by anybody.
      return detail.includes("137") ? "unknown" : "yes";
    case "commands":
      return "unknown";
  }
}

/** Undefined grants tell nothing: before the first handover no node has one. */
async function isSameBoot(host: Host, node: EffectiveNode, signal: AbortSignal): Promise<Seen> {
  const [grant, bootId] = await Promise.all([readGrant(host, node, signal), readBootId(host, signal)]);
  if (!grant) return "unknown";
  return isGrantValid(grant, bootId, grant.epoch) ? "yes" : "no";
}

async function reachesBroker(host: Host, node: EffectiveNode, signal: AbortSignal): Promise<Seen> {
  const broker = addressOf(node.mqttServer);
  if (!broker) return "unknown";
  return nodeReaches(host, broker, { python: node.coordinator.python, timeoutMs: BROKER_MS, signal });
}

async function lookAtCoordinator(
  host: Host,
  node: EffectiveNode,
  status: ServiceStatus,
  signal: AbortSignal,
): Promise<Pick<NodeView, "donglePresent" | "coordinatorOnNetwork">> {
  const { port, python } = node.coordinator;
  if (port.startsWith("/")) {
    try {
      const { code } = await host.run('[ -e "$1" ]', { args: [port], privileged: true, signal });
      return { donglePresent: code === 0 ? "yes" : "no" };
    } catch {
      return { donglePresent: "unknown" };
    }
  }
  // It takes one client at a time: a second one would take it away from Zigbee2MQTT.
  const free = status.state === "stopped" || status.state === "failed";
  const address = URL.canParse(port) ? new URL(port) : undefined;
  if (!free || !address) return { donglePresent: "unknown", coordinatorOnNetwork: true };
  const target = { host: address.hostname.replace(/^\[|\]$/g, ""), port: Number(address.port) };
  const donglePresent = await nodeReaches(host, target, { python, timeoutMs: BROKER_MS, signal });
  return { donglePresent, coordinatorOnNetwork: true };
}
