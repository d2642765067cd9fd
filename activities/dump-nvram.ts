import { createHash } from "node:crypto";
import { Context } from "@temporalio/activity";
import { captureGeneration } from "../generations/capture.ts";
import { judgeAgreement, judgeGeneration } from "../generations/judge.ts";
import { findManifest, listGenerations } from "../generations/stored-generations.ts";
import type { Manifest } from "../generations/generation.ts";
import { readNetwork } from "../coordinators/network.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { GenerationRef, HandoverActivities, NodeStep } from "../workflows/activity-types.ts";
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
      const at = await access(world, input.service, input.node);
      // The time of the first attempt, so that a second one finds what that made.
      const createdAt = new Date(Context.current().info.scheduledTimestampMs);
      const id = generationId(input, createdAt);
      const made = await findManifest(at.host, at.node, id, signal);
      if (made) return reference(made);

      const image = await at.coordinator.dump(signal);
      const { configuration, backup } = await readZigbee2MqttFiles(at.host, at.node, signal);
      requireNone(at, judgeAgreement(configuration, backup, readNetwork(image)), "make them agree: see docs/troubleshooting.md, 'configuration does not match'");
      const previous = await newestManifest(at, signal);
      const manifest = await captureGeneration(at.host, at.node, {
        id,
        service: input.service,
        epoch: input.epoch,
        createdAt,
        zigbee2mqttVersion: at.node.version,
        image,
        signal,
      });
      requireNone(
        at,
        judgeGeneration(manifest.summary, previous?.summary),
        `if the change was meant, remove the older generations in ${at.node.stateDirectory}/generations on ${at.node.name}`,
      );
      return reference(manifest);
    });
}

/** As newGenerationId, but the same for every attempt of one step. */
function generationId({ epoch, handover, node }: NodeStep, createdAt: Date): string {
  const time = createdAt.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-e${epoch}-${createHash("sha256").update(`${handover}/${node}`).digest("hex").slice(0, 6)}`;
}

async function newestManifest({ host, node }: NodeAccess, signal: AbortSignal): Promise<Manifest | undefined> {
  const newest = (await listGenerations(host, node, signal)).at(-1);
  return newest === undefined ? undefined : findManifest(host, node, newest, signal);
}

function requireNone({ node }: NodeAccess, reasons: readonly string[], next: string): void {
  if (reasons.length === 0) return;
  throw new UnderstudyError("GENERATION_INVALID", { node: node.name, what: `What was read must not be handed over: ${reasons.join("; ")}.`, next: `${next}.` });
}

export function reference(manifest: Manifest): GenerationRef {
  return {
    id: manifest.id,
    sha256: manifest.archive.sha256,
    bytes: manifest.archive.bytes + manifest.nvram.bytes,
    coordinatorIeee: manifest.summary.coordinatorIeee,
    counters: manifest.summary.frameCounters,
  };
}
