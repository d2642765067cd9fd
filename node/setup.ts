import type { EffectiveNode, EffectiveService } from "../config/effective.ts";
import { isGrantValid, readBootId, readEpoch, readGrant, writeGrant } from "../generations/node-state.ts";
import type { Host } from "../hosts/host.ts";
import { serviceManager } from "../hosts/services/service-manager.ts";
import { asMade, hasOtherInstances, isProgram, make, makeDirectories, reload, unmake, writeManifest } from "./apply.ts";
import { contactsOf, tryContacts } from "./contacts.ts";
import { inspect, missingDirectories, readManifest } from "./inspect.ts";
import type { Found } from "./inspect.ts";
import { COMMAND, LIBRARY, RUN, instanceOf } from "./instance.ts";
import { directoriesOf, wishFor } from "./plan.ts";
import type { SurveyedNode, Wish } from "./plan.ts";
import { surveyNode } from "./survey.ts";
import { keyOf } from "./things.ts";
import type { Made, Thing } from "./things.ts";

export type HostOf = (node: EffectiveNode) => Host;

/** One line of the plan. */
export interface Change {
  readonly action: "create" | "change" | "remove" | "keep";
  readonly what: string;
  readonly where: string;
}

/** What is to be done on one node. */
export interface NodePlan extends Wish {
  readonly found: ReadonlyMap<string, Found>;
  /** What an earlier setup made. */
  readonly made: readonly Made[];
  /** Of that, what is no longer wanted. */
  readonly obsolete: readonly Made[];
  readonly newDirectories: readonly string[];
  readonly changes: readonly Change[];
}

/**
 * What `setup` would do on these nodes. Only reads.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD, PRIVILEGE_REFUSED, CONFIG_INVALID, and what Host.run throws.
 */
export async function planSetup(
  service: EffectiveService,
  hostOf: HostOf,
  names: readonly string[],
): Promise<readonly NodePlan[]> {
  const surveyed = await Promise.all(service.nodes.map((node) => survey(service, node, hostOf(node))));
  return Promise.all(
    names.map((name) => {
      const wish = wishFor(service, name, surveyed);
      return planNode(hostOf(wish.node), wish);
    }),
  );
}

async function survey(service: EffectiveService, node: EffectiveNode, host: Host): Promise<SurveyedNode> {
  const found = await surveyNode(host, node, instanceOf(service, node));
  const wanted =
    service.automation.failover.selfFenceMs === undefined ? [] : contactsOf(service, node, found.controller);
  return { node, survey: found, contacts: wanted.length === 0 ? [] : await tryContacts(host, node, wanted) };
}

async function planNode(host: Host, wish: Wish): Promise<NodePlan> {
  const { instance, init, things } = wish;
  const made = (await readManifest(host, instance.manifest))?.made ?? [];
  const found = new Map(
    await Promise.all(
      things.map(async (thing) => [keyOf(thing), await inspect(host, init, instance.name, thing)] as const),
    ),
  );
  const wanted = new Set(things.map(keyOf));
  const obsolete = made.filter((one) => one.kind !== "directory" && !wanted.has(keyOf(one)));
  const changes = [
    ...obsolete.map((one) => ({ action: "remove" as const, what: "no longer wanted", where: placeOf(one) })),
    ...things.map((thing) => ({ action: actionFor(found.get(keyOf(thing))), what: thing.what, where: placeOf(thing) })),
  ];
  return {
    ...wish,
    found,
    made,
    obsolete,
    newDirectories: await missingDirectories(host, directoriesOf(things)),
    changes,
  };
}

/** Whether there is anything to do. */
export function isInPlace({ changes }: NodePlan): boolean {
  return changes.every(({ action }) => action === "keep");
}

/** Does what was planned. Killed at any moment, it can be repeated or undone. */
export async function applySetup(host: Host, plan: NodePlan): Promise<void> {
  const { instance, init, things, found, made, obsolete, newDirectories } = plan;
  const wanted = things.flatMap((thing) => asMade(thing, earlier(made, thing) ?? found.get(keyOf(thing)) ?? NOT_FOUND));
  const directories: Made[] = newDirectories.map((path) => ({ kind: "directory", path }));
  const kept = made.filter((one) => one.kind === "directory");
  await writeManifest(host, instance, unique([...kept, ...directories, ...made, ...wanted]));
  await makeDirectories(host, directoriesOf(things));
  await markBooted(host, plan);
  for (const one of obsolete.toReversed()) await unmake(host, init, instance, one, hashesOf(made, one));
  // A job that runs has read its program and its settings already.
  const restart = things.some(
    (thing) =>
      thing.kind === "file" && (isProgram(thing.path) || thing.path === instance.settings) && isDue(found, thing),
  );
  for (const thing of things) {
    if (!isDue(found, thing) && !(restart && thing.kind === "job" && thing.startNow)) continue;
    if (thing.kind === "job") await reload(host, init);
    await make(host, init, instance, thing);
  }
  await reload(host, init);
  await writeManifest(host, instance, unique([...kept, ...directories, ...wanted]));
}

/** The boot in which the job comes is not one after which the node has to stand by. */
async function markBooted(host: Host, { instance }: NodePlan): Promise<void> {
  const bootId = await readBootId(host);
  const script = 'umask 077; mkdir -p "$1" && echo "$2" >"$1/$3.booted"';
  await host.run(script, { args: [RUN, bootId, instance.name], privileged: true });
}

/**
 * Grants the node that serves before the gate comes, so that it may be started again in this boot. Nothing happens unless
 * it serves alone, every other node is known not to, and none knows a higher epoch. Returns the epoch.
 */
export async function grantActive(
  service: EffectiveService,
  hostOf: HostOf,
): Promise<{ node: string; epoch: number } | undefined> {
  const looks = await Promise.all(
    service.nodes.map(async (node) => {
      const host = hostOf(node);
      const { state } = await serviceManager(host, node.manager).status();
      return { node, host, state, epoch: await readEpoch(host, node) };
    }),
  );
  const running = looks.filter(({ state }) => state === "running");
  const [active] = running;
  if (!active || running.length > 1 || looks.some(({ state }) => state === "unknown")) return undefined;
  const epoch = Math.max(...looks.map((look) => look.epoch));
  if (active.epoch !== epoch) return undefined;
  const bootId = await readBootId(active.host);
  if (isGrantValid(await readGrant(active.host, active.node), bootId, epoch)) return undefined;
  await writeGrant(active.host, active.node, { epoch, bootId, handover: "setup" });
  return { node: active.node.name, epoch };
}

/** What a node's peers answer when it asks them for their epoch, one line for each. */
export async function askPeers(host: Host, { instance }: NodePlan): Promise<readonly string[]> {
  const result = await host.run('"$1" peers "$2"', { args: [COMMAND, instance.name], privileged: true });
  return result.stdout.toString("utf8").split("\n").filter(Boolean);
}

/** What `teardown` would undo on a node: everything that a manifest there names, last thing first. */
export async function planTeardown(service: EffectiveService, node: EffectiveNode, host: Host): Promise<NodeTeardown> {
  const instance = instanceOf(service, node);
  const { init } = await surveyNode(host, node, instance);
  const made = (await readManifest(host, instance.manifest))?.made ?? [];
  const shared = made.length > 0 && (await hasOtherInstances(host, instance));
  const undone = made.toReversed().filter((one) => !(shared && isShared(one)));
  return { node, instance, init: init ?? "openrc", made, undone };
}

export interface NodeTeardown extends Pick<Wish, "node" | "instance" | "init"> {
  readonly made: readonly Made[];
  readonly undone: readonly Made[];
}

/** Undoes what was planned. Returns the files that were left because somebody has changed them since. */
export async function applyTeardown(
  host: Host,
  { instance, init, made, undone }: NodeTeardown,
): Promise<readonly string[]> {
  const left: string[] = [];
  // The gate goes first: from then on the service starts as it always did, whatever becomes of the rest.
  const rest = undone.filter((one) => !isGate(one) && one.kind !== "directory");
  for (const one of [...undone.filter(isGate), ...rest]) {
    if (one === rest[0]) await reload(host, init);
    const kept = await unmake(host, init, instance, one, hashesOf(made, one));
    if (kept !== undefined) left.push(kept);
  }
  await reload(host, init);
  await unmake(host, init, instance, { kind: "file", path: instance.manifest, sha256: "" }, []);
  for (const one of undone.filter(({ kind }) => kind === "directory").toSorted((a, b) => depth(b) - depth(a)))
    await unmake(host, init, instance, one, []);
  await host.run('rm -f "$1/$2".*', { args: [RUN, instance.name], privileged: true });
  return left;
}

/** What a line of the plan is about. */
export function placeOf(thing: Thing | Made): string {
  if (thing.kind === "job") return `service ${thing.name}`;
  // One line for all of them.
  return thing.kind === "file" && isProgram(thing.path) ? `${LIBRARY}, ${COMMAND}` : thing.path;
}

const NOT_FOUND: Found = { state: "new", created: false };

function actionFor(found: Found | undefined): Change["action"] {
  return found?.state === "same" ? "keep" : found?.state === "changed" ? "change" : "create";
}

function isDue(found: ReadonlyMap<string, Found>, thing: Thing): boolean {
  return found.get(keyOf(thing))?.state !== "same";
}

/** Whether the file around it was there before the first setup is what that one found. */
function earlier(made: readonly Made[], thing: Thing): Found | undefined {
  const before = made.find((one) => keyOf(one) === keyOf(thing));
  return before && "created" in before ? { state: "same", created: before.created } : undefined;
}

function hashesOf(made: readonly Made[], one: Made): readonly string[] {
  if (one.kind !== "file" || isProgram(one.path)) return [];
  return made.flatMap((other) => (other.kind === "file" && other.path === one.path ? [other.sha256] : []));
}

function isShared(made: Made): boolean {
  return (made.kind === "file" && isProgram(made.path)) || made.kind === "directory";
}

function isGate(made: Made): boolean {
  return made.kind === "block" || (made.kind === "file" && made.path.endsWith("/understudy.conf"));
}

function depth(made: Made): number {
  return made.kind === "directory" ? made.path.split("/").length : 0;
}

function unique(all: readonly Made[]): readonly Made[] {
  const texts = new Map(all.map((one) => [JSON.stringify(one), one]));
  return [...texts.values()];
}
