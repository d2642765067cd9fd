import { Context } from "@temporalio/activity";
import { hashData } from "../generations/copy-data.ts";
import type { GenerationSummary, Manifest } from "../generations/generation.ts";
import { judgeFirst } from "../generations/judge-first.ts";
import { judgeGeneration, judgeRunningNetwork } from "../generations/judge.ts";
import { captureLiveGeneration } from "../generations/live-capture.ts";
import { countersOfLive } from "../generations/live-counters.ts";
import { thinGenerations } from "../generations/prune.ts";
import { findManifest, listGenerations, readManifest } from "../generations/stored-generations.ts";
import { summarizeBackup } from "../generations/summary.ts";
import { readNodeSide } from "../node/facts.ts";
import type { LiveCapture, NodeStep, SyncActivities } from "../workflows/activity-types.ts";
import { inForce } from "../workflows/service-control.ts";
import { mayWriteRadio, whyNoSync } from "../workflows/sync-rules.ts";
import { Bridge } from "../zigbee2mqtt/bridge.ts";
import { disturbance } from "./node/disturbance.ts";
import { generationId, referenceTo } from "./node/generation-ref.ts";
import { backupIn, requestLiveBackup, staleness } from "./node/live-backup.ts";
import { readZigbee2MqttFiles } from "./node/zigbee2mqtt-files.ts";
import { step } from "./support/step.ts";
import { access, showAtWork } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";
import { serviceState } from "./sync-link.ts";

const NOT_KNOWN = "It is not known which node serves.";
const ANSWER_MS = 10_000;
/** Never the reply to a backup request: it carries the whole data directory. */
const TOPICS = ["bridge/info", "bridge/devices", "bridge/response/health_check"];

/**
 * Keeps what a standby needs as a generation on the node that serves, which goes on serving. Nothing is read from the coordinator,
 * and nothing made, where no file has changed since the newest one. A live backup is asked for only where devices, configuration
 * or the backup itself call for it.
 */
export function captureLive(world: World): SyncActivities["captureLive"] {
  return ({ service, by, handover }) =>
    step(async (signal) => {
      const state = inForce(await serviceState(world, service, signal), new Date());
      const { holder: active, epoch, highestCounters, copies, offline } = state;
      const hindrance = whyNoSync(state, by);
      if (hindrance !== undefined || active === undefined) return { skipped: hindrance ?? NOT_KNOWN };

      const input: NodeStep = { service, node: active, epoch, handover };
      const at = await access(world, input);
      if ((await at.manager.status(signal)).state !== "running")
        return { skipped: `Zigbee2MQTT does not run on ${active}.` };
      await showAtWork(at, epoch, signal);
      const { guardMs } = await readNodeSide(at.host, at.node, signal);
      return {
        ...(guardMs === undefined ? {} : { guard: { node: active, afterMs: guardMs } }),
        known: { active, epoch, highestCounters, copies },
        standbys: world.nodeNames(service).filter((name) => name !== active && !offline[name]),
        mayWrite: at.service.automation.sync.preload && mayWriteRadio(state, by),
        ...(await captureIfChanged(at, input, signal)),
      };
    });
}

async function captureIfChanged(at: NodeAccess, input: NodeStep, signal: AbortSignal): Promise<LiveCapture> {
  const { host, node } = at;
  const id = generationId(input, firstAttempt());
  const made = await findManifest(host, node, id, signal);
  if (made) return { generation: referenceTo(made), changed: true };
  const hashes = await hashData(host, node, signal);
  const previous = await newest(at, signal);
  if (previous?.live && isSame(previous, hashes)) return { generation: referenceTo(previous), changed: false };
  return capture(at, input, { id, previous, hashes }, signal);
}

/** The newest live generation, where the active node's files are still those in it. */
export async function unchangedGeneration(at: NodeAccess, signal: AbortSignal): Promise<Manifest | undefined> {
  const previous = await newest(at, signal);
  if (!previous?.live) return undefined;
  return isSame(previous, await hashData(at.host, at.node, signal)) ? previous : undefined;
}

interface Plan {
  readonly id: string;
  readonly previous: Manifest | undefined;
  readonly hashes: ReadonlyMap<string, string>;
}

async function capture(
  at: NodeAccess,
  input: NodeStep,
  { id, previous, hashes }: Plan,
  signal: AbortSignal,
): Promise<LiveCapture> {
  const { host, node, service } = at;
  const bridge = await Bridge.connect(service.broker, { timeoutMs: ANSWER_MS, topics: TOPICS, signal });
  try {
    const skipped = await disturbance(at, bridge, signal);
    if (skipped) return { skipped };
    const askedAt = new Date();
    const liveBackup = (await staleness(at, previous, hashes, signal)) !== undefined;
    if (liveBackup) await requestLiveBackup(at, bridge, signal);

    const info = await bridge.info(ANSWER_MS, signal);
    const { configuration, backup } = await readZigbee2MqttFiles(host, node, signal);
    const disagreement = info
      ? judgeRunningNetwork(configuration, backup, info)
      : ["Zigbee2MQTT does not say what it runs"];
    const earlier = previous && (await backupIn(at, previous, signal));
    const manifest = await captureLiveGeneration(host, node, {
      id,
      service: input.service,
      epoch: input.epoch,
      createdAt: firstAttempt(),
      zigbee2mqttVersion: node.version,
      live: (summary) => countersOfLive({ summary, previous, readAt: liveBackup ? askedAt : undefined }),
      judge: (summary, copied) => [
        ...disagreement,
        ...(earlier
          ? judgeGeneration(summary, summarizeBackup(earlier, devicesBefore(previous, summary)))
          : judgeFirst(copied.backup, copied.database)),
      ],
      ifUnfit: earlier
        ? `the earlier copy is kept; if the change was meant, remove the older generations in ${node.stateDirectory}/generations on ${node.name}.`
        : `see Zigbee2MQTT's log on ${node.name} whether its coordinator answers; the next sync reads it again. If the tables are right, a planned switchover makes the first copy from the whole coordinator.`,
      signal,
    });
    await thinGenerations(host, node, service.policy.keepGenerations, signal);
    return { generation: referenceTo(manifest), changed: true, liveBackup };
  } finally {
    await bridge.close();
  }
}

function devicesBefore(previous: Manifest | undefined, summary: GenerationSummary): number {
  return previous?.summary.databaseDevices ?? summary.databaseDevices;
}

async function newest({ host, node }: NodeAccess, signal: AbortSignal): Promise<Manifest | undefined> {
  const id = (await listGenerations(host, node, signal)).at(-1);
  return id === undefined ? undefined : readManifest(host, node, id, signal);
}

function isSame({ files }: Manifest, hashes: ReadonlyMap<string, string>): boolean {
  return files.length === hashes.size && files.every(({ path, sha256 }) => hashes.get(path) === sha256);
}

/** So that a second attempt finds what the first one made. */
function firstAttempt(): Date {
  return new Date(Context.current().info.scheduledTimestampMs);
}
