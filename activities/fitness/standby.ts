import { posix } from "node:path";
import { ensureDirectory } from "../../hosts/files.ts";
import { requireSwappable } from "../../generations/data-directory.ts";
import type { Manifest } from "../../generations/generation.ts";
import { readEpoch } from "../../generations/node-state.ts";
import { NO_COUNTERS } from "../../model/frame-counters.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { FitnessInput, Takeover } from "../../workflows/activity-types.ts";
import type { Finding } from "../../workflows/contract.ts";
import { passed, refused, run } from "../preflight/check.ts";
import { referenceTo } from "../node/generation-ref.ts";
import { checkHandEdits } from "../preflight/hand-edits.ts";
import { checkNode } from "../preflight/node.ts";
import { checkFree } from "../preflight/room.ts";
import { checkBroker, checkPort } from "../preflight/standby.ts";
import { judgeVersions } from "../preflight/versions.ts";
import { claimAccess, nodeAccess } from "../support/world.ts";
import type { KnownService, NodeAccess, World } from "../support/world.ts";
import { checkCoordinator } from "./coordinator.ts";
import { chooseCopy } from "./copy.ts";
import type { ChosenCopy } from "./copy.ts";

/** The counters of a generation made while the service was stopped go on only when it serves again: at most so fast. */
const FRAMES_PER_SECOND = 1;
const SPARE_BYTES = 16 * 1024 * 1024;

export interface CheckedCandidate {
  readonly findings: readonly Finding[];
  readonly takeover: Takeover | undefined;
  readonly copyAgeMs: number | undefined;
  /** The highest that the node has recorded. */
  readonly epoch: number;
  readonly counters: FrameCounters;
}

/** Whether one standby could take over. All that is cheap first; its coordinator only where nothing else is in the way. */
export async function checkCandidate(
  world: World,
  service: KnownService,
  name: string,
  input: FitnessInput,
  signal: AbortSignal,
): Promise<CheckedCandidate> {
  const node = service.nodes.find((candidate) => candidate.name === name);
  if (!node) throw service.unknown.get(name) ?? new RangeError("a candidate that is no node");
  const at = claimAccess(nodeAccess(world, service, node), input.epoch + 1);
  const role = { standby: at, signal };
  let epoch = 0;
  let copy: ChosenCopy | undefined;
  const findings = (
    await Promise.all([
      checkStopped(at, signal),
      run("stick-present", name, () => checkPort(role)),
      run("broker", name, () => checkBroker(role)),
      run("data-directory", name, async () => {
        await requireSwappable(at.host, node, signal);
        return passed("data-directory", name, "Zigbee2MQTT's data directory can be exchanged");
      }),
      // Nobody can be asked now, and a home without Zigbee is worse: what is replaced is kept, and said.
      run("hand-edits", name, () => checkHandEdits(at, { active: input.from, mayReplace: true }, signal)),
      run("epoch", name, async () => {
        epoch = await readEpoch(at.host, node, signal);
        return judgeEpoch(name, epoch, input);
      }),
      run("copy", name, async () => {
        const limits = {
          oldestMs: service.automation.failover.oldestCopyMs,
          mayBeOlder: input.by === "person",
          now: Date.now(),
        };
        const chosen = await chooseCopy(at, input.copies[name], limits, signal);
        copy = chosen.copy;
        return chosen.findings;
      }),
    ])
  ).flat();
  const chosen: ChosenCopy | undefined = copy;
  if (chosen) findings.push(...(await checkContent(at, chosen.manifest, signal)));
  if (!chosen || findings.some(({ ok }) => !ok))
    return { findings, epoch, counters: NO_COUNTERS, takeover: undefined, copyAgeMs: chosen?.ageMs };

  let write: Takeover["write"] | undefined;
  let counters = NO_COUNTERS;
  findings.push(
    ...(await run("stick", name, async () => {
      const checked = await checkCoordinator(world, at, chosen.manifest, signal);
      ({ write, counters } = checked);
      return checked.findings;
    })),
  );
  const takeover = write && takeoverFrom(chosen.manifest, write, node.coordinator.serialNumber);
  return { findings, epoch, counters, takeover, copyAgeMs: chosen.ageMs };
}

/** A standby that runs the service is none. */
async function checkStopped(at: NodeAccess, signal: AbortSignal): Promise<Finding[]> {
  const { running, findings } = await checkNode(at, signal);
  if (running !== true) return [...findings];
  return [
    ...findings,
    refused(
      "standby-stopped",
      at.node.name,
      "The service runs there already, although another node should serve.",
      "If it serves well, let the nodes tell: understudy adopt. Else stop it there.",
    ),
  ];
}

/** A controller that knows less than a node has lost its memory: somebody else may have handed over since. */
function judgeEpoch(name: string, epoch: number, { epoch: known, by }: FitnessInput): Finding {
  if (epoch <= known) return passed("epoch", name, `it knows epoch ${epoch}, as this controller does`);
  if (by === "person") return passed("epoch", name, `it knows epoch ${epoch}, above ours, which a person passes over`);
  return refused(
    "epoch",
    name,
    `It knows epoch ${epoch}, and this controller none above ${known}: its memory is older than the nodes'.`,
    "Let the nodes tell who serves: understudy adopt.",
  );
}

async function checkContent(at: NodeAccess, manifest: Manifest, signal: AbortSignal): Promise<Finding[]> {
  const { node, host, service } = at;
  return [
    judgeVersions(manifest.zigbee2mqttVersion, node.version, {
      standby: node.name,
      allowNewer: service.policy.allowNewerStandby,
    }),
    ...(await run("disk", node.name, async () => {
      await ensureDirectory(host, node.stateDirectory, { privileged: true, signal });
      // Unpacked, and beside what it takes the place of.
      const needed = manifest.archive.bytes * 2 + SPARE_BYTES;
      return checkFree(at, [node.stateDirectory, posix.dirname(node.dataDirectory)], needed, signal);
    })),
  ];
}

function takeoverFrom(manifest: Manifest, write: Takeover["write"], serialNumber: string | undefined): Takeover {
  return {
    generation: referenceTo(manifest),
    write,
    admitted: { ...(serialNumber === undefined ? {} : { serialNumber }), enrolled: false },
    countersAt: manifest.live?.countersAt ?? manifest.createdAt,
    framesPerSecond: manifest.live?.framesPerSecond ?? FRAMES_PER_SECOND,
  };
}
