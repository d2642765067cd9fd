import { judgeStick } from "../coordinators/admission.ts";
import { highestCounters } from "../coordinators/frame-counters.ts";
import { tablesHash } from "../coordinators/open-backup.ts";
import { hashNvramImage } from "../coordinators/nvram-image.ts";
import type { NvramImage } from "../coordinators/nvram-image.ts";
import { parseCoordinatorBackup } from "../generations/coordinator-backup.ts";
import type { Manifest } from "../generations/generation.ts";
import { isNotedAsLeft, noteAsLeft } from "../generations/hand-edits.ts";
import { keepImage } from "../generations/keep-image.ts";
import { readCoordinatorState, writeCoordinatorState } from "../generations/node-state.ts";
import type { CoordinatorState } from "../generations/node-state.ts";
import { thinGenerations } from "../generations/prune.ts";
import {
  findManifest,
  readArchived,
  readGenerationImage,
  verifyGeneration,
} from "../generations/stored-generations.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { Preload, PreloadInput, SyncActivities } from "../workflows/activity-types.ts";
import { hindranceToWriting } from "./node/idle-coordinator.ts";
import { countersWanted, isBehind, writeCounters, writeNetwork } from "./node/preload-writes.ts";
import { stickName } from "./node/write-coordinator.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** How long the node's own mark of what its coordinator holds is believed before that is read again. */
const BELIEVED_MS = 24 * 3_600_000;

/**
 * Makes the idle coordinator of a standby hold a generation's network, silent, with counters above all that the home has heard, and
 * keeps its image with the generation: to take over, only its counters have to be raised. Written is only what differs. What has
 * begun to be written is written to its end, cancelled or not: a handover that waits for it finds it usable.
 */
export function preloadCoordinator(world: World): SyncActivities["preloadCoordinator"] {
  return (input) => step((signal) => preload(world, input, signal));
}

/** The body of preloadCoordinator. */
export async function preload(world: World, input: PreloadInput, signal: AbortSignal): Promise<Preload> {
  const at = await access(world, input);
  const manifest = await verifyGeneration(at.host, at.node, input.generation.id, signal);
  await noteHowItIs(at, signal);
  const hindrance = await hindranceToWriting(world, at, signal);
  const result = hindrance ? refusal(hindrance) : await preloadIdle(at, input, manifest, signal);
  await thinGenerations(at.host, at.node, at.service.policy.keepGenerations);
  return result;
}

/** A standby that nobody has left yet, or that came back by itself: what is changed in its files from now on is known. */
async function noteHowItIs({ host, node, manager }: NodeAccess, signal: AbortSignal): Promise<void> {
  try {
    if (await isNotedAsLeft(host, node, signal)) return;
    if ((await manager.status(signal)).state === "stopped") await noteAsLeft(host, node, { again: false }, signal);
  } catch (error) {
    // Without the note only less is known; the copy matters more.
    if (!(error instanceof UnderstudyError)) throw error;
  }
}

interface Load {
  readonly input: PreloadInput;
  readonly manifest: Manifest;
  /** coordinator_backup.json of the generation: a secret. */
  readonly backup: string;
  readonly tables: string;
}

async function preloadIdle(
  at: NodeAccess,
  input: PreloadInput,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Preload> {
  const { host, node } = at;
  const mark = await readCoordinatorState(host, node, signal);
  const backup =
    (await readArchived(host, node, manifest.id, "coordinator_backup.json", signal))?.toString("utf8") ?? "";
  const load: Load = { input, manifest, backup, tables: tablesHash(backup) };
  const known = mark && (await knownImage(at, mark, load, signal));
  if (known) return bringUpToDate(at, load, { image: known, readAt: mark.preloaded?.readAt }, signal);

  // Reading it resets it: before the service is armed nothing automatic touches it.
  if (!input.mayWrite) return refusal(NOT_ALLOWED);
  const image = await at.coordinator.dump(signal);
  await at.coordinator.silence(signal);
  const network = parseCoordinatorBackup(backup) ?? manifest.summary;
  const dirty = mark?.state === "dirty";
  const admission = judgeStick(image, network, { enrolled: input.enrolBlankStick, dirty });
  if (!admission.allowed)
    return refusal(`${admission.reason}${admission.ask ? " Next: understudy sync --enrol-blank-stick." : ""}`);
  if (admission.verdict === "ours" && !dirty && tablesHash(await at.coordinator.backup(signal)) === load.tables) {
    await at.coordinator.silence(signal);
    return bringUpToDate(at, load, { image, readAt: now() }, signal);
  }
  return record(at, load, "all", now(), () => writeNetwork(at, load));
}

/** What the coordinator holds by the node's own mark, where that can be believed; read from the generation it was kept with. */
async function knownImage(
  { host, node }: NodeAccess,
  mark: CoordinatorState,
  { input, tables, manifest }: Load,
  signal: AbortSignal,
): Promise<NvramImage | undefined> {
  const stick = stickName(node.coordinator);
  const readAt = Date.parse(mark.preloaded?.readAt ?? "");
  // Where sticks cannot be told apart, any change is a reason to look.
  const isSameStick = stick === undefined ? mark.generation === manifest.id : mark.stick === stick;
  const isBelieved = mark.state === "clean" && isSameStick && Math.abs(Date.now() - readAt) < BELIEVED_MS;
  if (!isBelieved || mark.preloaded?.tables !== tables || mark.ieee !== manifest.summary.coordinatorIeee)
    return undefined;
  if (!(await findManifest(host, node, mark.generation, signal))?.nvram) return undefined;
  await verifyGeneration(host, node, mark.generation, signal);
  const image = await readGenerationImage(host, node, mark.generation, signal);
  // Nor is such a stick written unseen (I11).
  if (stick === undefined && isBehind(image, input.highestCounters, manifest)) return undefined;
  return hashNvramImage(image) === mark.sha256 ? image : undefined;
}

/** The tables are there: counters that have fallen behind are raised, and the image goes with the generation. */
async function bringUpToDate(
  at: NodeAccess,
  load: Load,
  { image, readAt = now() }: { image: NvramImage; readAt?: string | undefined },
  signal: AbortSignal,
): Promise<Preload> {
  if (isBehind(image, load.input.highestCounters, load.manifest)) {
    if (!load.input.mayWrite) return refusal(NOT_ALLOWED);
    return record(at, load, "counters", now(), () => writeCounters(at, { image, ...load }));
  }
  const mark = await readCoordinatorState(at.host, at.node, signal);
  const isKept = mark?.generation === load.manifest.id && mark.preloaded?.readAt === readAt && load.manifest.nvram;
  if (!isKept) {
    await keepImage(at.host, at.node, load.manifest, image);
    await markAs(at, load, "clean", image, readAt);
  }
  return { preloaded: true, written: "nothing", counters: highestCounters(image) };
}

/** Marks the coordinator dirty for as long as it is written. Not to be cancelled. */
async function record(
  at: NodeAccess,
  load: Load,
  written: "all" | "counters",
  readAt: string,
  write: () => Promise<NvramImage>,
): Promise<Preload> {
  await markAs(at, load, "dirty", undefined, readAt);
  const image = await write();
  await at.coordinator.silence();
  await keepImage(at.host, at.node, load.manifest, image);
  await markAs(at, load, "clean", image, readAt);
  return { preloaded: true, written, counters: highestCounters(image) };
}

async function markAs(
  { host, node, service }: NodeAccess,
  { input, manifest, tables }: Load,
  state: "clean" | "dirty",
  image: NvramImage | undefined,
  readAt: string,
): Promise<void> {
  const counters = image
    ? highestCounters(image)
    : countersWanted(input.highestCounters, manifest, service.policy.counterMargin);
  const stick = stickName(node.coordinator);
  await writeCoordinatorState(host, node, {
    state,
    generation: manifest.id,
    ieee: manifest.summary.coordinatorIeee,
    maxFrameCounter: counters.network,
    maxLinkKeyCounter: counters.linkKeys,
    sha256: image ? hashNvramImage(image) : manifest.archive.sha256,
    ...(stick === undefined ? {} : { stick }),
    preloaded: { tables, readAt },
  });
}

const NOT_ALLOWED =
  "Its coordinator does not hold the copy's network, and nothing automatic writes it: the service is not armed (understudy sync writes it), or sync.preload is false.";

function refusal(because: string): Preload {
  return { preloaded: false, written: "nothing", because };
}

function now(): string {
  return new Date().toISOString();
}
