import { Context } from "@temporalio/activity";
import { captureGeneration } from "../generations/capture.ts";
import { removeGenerations } from "../generations/prune.ts";
import { judgeAgreement, judgeGeneration, judgeOtherKind } from "../generations/judge.ts";
import { findManifest, listGenerations } from "../generations/stored-generations.ts";
import type { Manifest } from "../generations/generation.ts";
import { readNetwork } from "../coordinators/network.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities, NodeStep } from "../workflows/activity-types.ts";
import { generationId, referenceTo } from "./node/generation-ref.ts";
import { readZigbee2MqttFiles } from "./node/zigbee2mqtt-files.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/**
 * Reads the whole coordinator of a stopped node and keeps it, with Zigbee2MQTT's files, as a generation there. Refuses what
 * a standby must not start from: configuration, backup and coordinator that disagree (I4), or less than what the generation
 * before it held (I5).
 */
export function dumpNvram(world: World): HandoverActivities["dumpNvram"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      // The time of the first attempt, so that a second one finds what that made.
      const createdAt = new Date(Context.current().info.scheduledTimestampMs);
      const id = generationId(input, createdAt);
      const manifest =
        (await findManifest(at.host, at.node, id, signal)) ?? (await capture(at, input, id, createdAt, signal));
      const worse = await judgeByEarlier(at, manifest, signal);
      // What is kept as the newest is what the next one is measured by.
      if (worse.length > 0) await removeGenerations(at.host, at.node, [id], { unfinishedOfEpoch: input.epoch });
      requireNone(
        at,
        worse,
        `if the change was meant, remove the older generations in ${at.node.stateDirectory}/generations on ${at.node.name}`,
      );
      return referenceTo(manifest);
    });
}

async function capture(
  at: NodeAccess,
  input: NodeStep,
  id: string,
  createdAt: Date,
  signal: AbortSignal,
): Promise<Manifest> {
  const image = await at.coordinator.dump(signal);
  const { configuration, backup } = await readZigbee2MqttFiles(at.host, at.node, signal);
  const disagreement = judgeAgreement(configuration, backup, readNetwork(image));
  requireNone(at, disagreement, "make them agree: see docs/troubleshooting.md, 'configuration does not match'");
  return captureGeneration(at.host, at.node, {
    id,
    service: input.service,
    epoch: input.epoch,
    createdAt,
    zigbee2mqttVersion: at.node.version,
    image,
    signal,
  });
}

/** By the newest one before it, and where that was made while the service ran, also by the newest image before it (I5). */
async function judgeByEarlier({ host, node }: NodeAccess, manifest: Manifest, signal: AbortSignal): Promise<string[]> {
  const reasons = new Set<string>();
  for (const id of (await listGenerations(host, node, signal)).filter((other) => other < manifest.id).toReversed()) {
    const earlier = await findManifest(host, node, id, signal);
    if (!earlier) continue;
    const judge = earlier.live ? judgeOtherKind : judgeGeneration;
    for (const reason of judge(manifest.summary, earlier.summary)) reasons.add(reason);
    if (!earlier.live) break;
  }
  return [...reasons];
}

function requireNone({ node }: NodeAccess, reasons: readonly string[], next: string): void {
  if (reasons.length === 0) return;
  throw new UnderstudyError("GENERATION_INVALID", {
    node: node.name,
    what: `What was read must not be handed over: ${reasons.join("; ")}.`,
    next: `${next}.`,
  });
}
