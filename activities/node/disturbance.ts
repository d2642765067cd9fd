import { posix } from "node:path";
import type { EffectiveNode } from "../../config/effective.ts";
import { readFile } from "../../hosts/files.ts";
import type { Host } from "../../hosts/host.ts";
import type { Bridge } from "../../zigbee2mqtt/bridge.ts";
import type { NodeAccess } from "../support/world.ts";

const ANSWER_MS = 5_000;

/** What a handover or a sync would disturb on the node that serves, as one sentence; undefined: nothing. */
export async function disturbance(
  { host, node }: NodeAccess,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<string | undefined> {
  const info = await bridge.info(ANSWER_MS, signal);
  if (!info) return "Zigbee2MQTT does not say whether devices are joining.";
  if (info.permitJoin) return "Devices may join at the moment (permit join is on).";
  const interviewed = await bridge.interviewing(ANSWER_MS, signal);
  if (interviewed > 0) return `${count(interviewed)} being interviewed.`;
  const updating = await updatingDevices(host, node, signal);
  return updating > 0 ? `${count(updating)} being updated over the air.` : undefined;
}

/** How many devices receive their firmware over the air: they would have to begin anew. */
export async function updatingDevices(host: Host, node: EffectiveNode, signal: AbortSignal): Promise<number> {
  const text = await readFile(host, posix.join(node.dataDirectory, "state.json"), { privileged: true, signal });
  return Object.values(parseStates(text?.toString("utf8"))).filter((state) => state?.update?.state === "updating")
    .length;
}

type States = Record<string, { update?: { state?: unknown } } | null>;

function parseStates(text: string | undefined): States {
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as States) : {};
  } catch {
    return {};
  }
}

function count(devices: number): string {
  return devices === 1 ? "1 device is" : `${devices} devices are`;
}
