import { judgeBeacons, type Answered } from "../../coordinators/beacons.ts";
import type { GenerationSummary } from "../../generations/generation.ts";
import type { ListeningContext } from "../../generations/listening-memory.ts";
import { readBootId } from "../../generations/node-state.ts";
import { listGenerations, readManifest } from "../../generations/stored-generations.ts";
import { UnderstudyError, type ErrorId } from "../../model/errors.ts";
import { currentRun } from "../support/world.ts";
import type { Listening } from "../../workflows/activity-types.ts";
import type { NodeAccess, World } from "../support/world.ts";

/** What an idle coordinator heard, and in which circumstances; or why it did not listen: the end of a sentence. */
export type Heard =
  | { readonly listened: true; readonly context: ListeningContext; readonly answered: Answered }
  | { readonly listened: false; readonly because: string };

/** What makes a coordinator unable to listen; anything else is trouble of the node, and can pass. */
const UNABLE: readonly ErrorId[] = [
  "COORDINATOR_MISSING",
  "COORDINATOR_BUSY",
  "COORDINATOR_NOT_SILENT",
  "COORDINATOR_UNREADABLE",
  "COORDINATOR_TOOL_MISSING",
  "PRIVILEGE_REFUSED",
  "GENERATION_INVALID",
];

/**
 * Lets a standby's coordinator listen for the network of its newest generation, and leaves it silent. A scan resets the
 * coordinator: it listens only while the service is stopped there, and nobody else's (see `sharedCoordinator`) may be used.
 */
export async function listenOn(at: NodeAccess, active: string, signal: AbortSignal): Promise<Heard> {
  const { state } = await at.manager.status(signal);
  if (state !== "stopped") return notListened("the service is not known to be stopped there");
  try {
    const network = await newestNetwork(at, signal);
    if (!network) return notListened("it has no copy that names the network");
    const context = await contextOf(at, active, network, signal);
    const beacons = await at.coordinator.listen(network.channel, signal);
    return { listened: true, context, answered: judgeBeacons(beacons, network) };
  } catch (error) {
    if (error instanceof UnderstudyError && UNABLE.includes(error.id)) return notListened(lower(error));
    throw error;
  }
}

export function notListened(because: string): Heard {
  return { listened: false, because };
}

/** What an activity says of a coordinator that did not listen. */
export function didNotListen(node: string, because: string): Listening {
  return { scanned: false, heard: false, heardBefore: false, detail: `${node} did not listen: ${because}.` };
}

/** The circumstances in which the standby would listen now; undefined where it does not know the network. */
export async function currentContext(
  at: NodeAccess,
  active: string,
  signal: AbortSignal,
): Promise<ListeningContext | undefined> {
  try {
    const network = await newestNetwork(at, signal);
    return network && (await contextOf(at, active, network, signal));
  } catch (error) {
    if (error instanceof UnderstudyError && error.id === "GENERATION_INVALID") return undefined;
    throw error;
  }
}

async function newestNetwork(at: NodeAccess, signal: AbortSignal): Promise<GenerationSummary | undefined> {
  const newest = (await listGenerations(at.host, at.node, signal)).at(-1);
  return newest === undefined ? undefined : (await readManifest(at.host, at.node, newest, signal)).summary;
}

async function contextOf(
  { host, node }: NodeAccess,
  active: string,
  { coordinatorIeee, panId, extendedPanId, channel }: GenerationSummary,
  signal: AbortSignal,
): Promise<ListeningContext> {
  const stick = node.coordinator.serialNumber ?? node.coordinator.port;
  const bootId = await readBootId(host, signal);
  return { active, coordinatorIeee, panId, extendedPanId, channel, stick, bootId };
}

/** A coordinator on the network, which another node may reach as well; one on USB is its node's own. */
export function isOnNetwork({ node }: NodeAccess): boolean {
  return node.coordinator.port.startsWith("tcp:");
}

/** Why a coordinator on the network may be the one that serves: the end of a sentence. Undefined: each node has its own. */
export async function sharedCoordinator(world: World, { node, service }: NodeAccess): Promise<string | undefined> {
  const others = world.nodeNames(service.name).filter((name) => name !== node.name);
  const { nodes } = await world.service(service.name, { run: currentRun(), only: others });
  for (const name of others) {
    const other = nodes.find((candidate) => candidate.name === name);
    if (!other) return `it is not known whether ${name} has the same coordinator`;
    if (other.coordinator.port === node.coordinator.port) return `${name} has the same coordinator`;
  }
  return undefined;
}

function lower({ what }: UnderstudyError): string {
  return `${what.charAt(0).toLowerCase()}${what.slice(1).replace(/\.$/, "")}`;
}
