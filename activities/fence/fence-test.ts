import { setTimeout as pause } from "node:timers/promises";
import { isPower } from "../../config/fencing.ts";
import type { PowerRung, RungConfig } from "../../config/fencing.ts";
import { powerSwitch } from "../../fencing/make-switch.ts";
import { mappingOf, nameRung } from "../../config/name-rung.ts";
import { onNetwork } from "../../config/proves-here.ts";
import { switchTo } from "../../fencing/power-switch.ts";
import { sshGreets } from "../../fencing/ssh-greets.ts";
import { readBootId } from "../../generations/node-state.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { suffices } from "../../model/fence.ts";
import type {
  FenceTestActivities,
  FenceTestPlan,
  FenceTestProof,
  FenceTestRung,
  FenceTestStep,
} from "../../workflows/activity-types.ts";
import type { FenceTestInput } from "../../workflows/contract.ts";
import { requireStillWanted } from "../support/still-wanted.ts";
import { step } from "../support/step.ts";
import { currentRun, nodeAccess } from "../support/world.ts";
import type { NodeAccess, World } from "../support/world.ts";
import { fencedNode, ownPower } from "./fenced-node.ts";
import type { FencedNode } from "./fenced-node.ts";

const GREETING_MS = 3_000;
const GONE_WITHIN_MS = 30_000;
const BOOT_MS = 240_000;
const POLL_MS = 1_000;
const DID_NOT_BOOT = `it has its power back, but did not come up within ${BOOT_MS / 60_000} minutes: look at it`;

/** The drill by which a rung's mapping is proven: which node goes when it is switched off. */
export function fenceTestActivities(world: World): FenceTestActivities {
  return {
    planFenceTest: (input) => step((signal) => plan(world, input, signal)),
    fenceTestOff: (input) => step((signal) => switchOff(world, input, signal)),
    fenceTestOn: (input) => step((signal) => switchOn(world, input, signal)),
  };
}

async function plan(
  world: World,
  input: FenceTestInput & { holder?: string },
  signal: AbortSignal,
): Promise<FenceTestPlan> {
  const node = fencedNode(world, input.service, input.node);
  const rungs = rungsToTest(node, input.rung);
  const own = ownPower(world.client, node.config);
  if (own) throw refused(input.node, own.what, own.next);
  const at = await nodeNow(world, input);
  await requireStandby(at, input, signal);
  for (const { rung } of rungs) {
    const state = await powerSwitch(rung).read(signal);
    if (state === "off")
      throw refused(
        input.node,
        `${nameRung(rung)} reads off, but the node answers.`,
        "correct the rung: it is another outlet.",
      );
  }
  return {
    rungs: rungs.map(({ index, rung }): FenceTestRung => {
      return { index, name: nameRung(rung), mapping: mappingOf(rung, node.config.ssh.host) };
    }),
    bootId: await readBootId(at.host, signal),
    others: await greeting(world, input.service, input.node),
  };
}

function rungsToTest({ config, proves }: FencedNode, index: number | undefined): { index: number; rung: PowerRung }[] {
  const all = config.fencing.flatMap((rung, at) => (isPower(rung) ? [{ index: at, rung }] : []));
  const wanted =
    index === undefined ? all.filter(({ rung }) => suffices(proves(rung))) : all.filter((rung) => rung.index === index);
  if (wanted.length > 0) return wanted;
  throw refused(
    config.name,
    index === undefined
      ? "It has no rung that switches power and could be proven."
      : describeOther(config.fencing, index),
    "add one below `fencing` in understudy.yaml (docs/fencing.md); `ssh` needs no test.",
  );
}

function describeOther(ladder: readonly RungConfig[], index: number): string {
  const rung = ladder[index];
  return rung
    ? `Its rung ${index} is ${nameRung(rung)}, which switches no power.`
    : `It has no rung ${index}: they are counted from 0.`;
}

async function requireStandby(
  at: NodeAccess,
  input: FenceTestInput & { holder?: string },
  signal: AbortSignal,
): Promise<void> {
  const { state } = await at.manager.status(signal);
  if (input.evenActive || (input.holder !== input.node && state === "stopped")) return;
  throw refused(
    input.node,
    state === "stopped"
      ? "It is the active node."
      : `The service runs there, or may (${state}), and would be switched off with it.`,
    "hand the service over first (understudy switchover), or say --even-active where the outage is wanted.",
  );
}

async function switchOff(world: World, input: FenceTestStep, signal: AbortSignal): Promise<{ detail: string }> {
  const node = fencedNode(world, input.service, input.node);
  const rung = rungOf(node, input);
  const mayOrder = () => requireStillWanted(world.client);
  await switchTo(powerSwitch(rung), "off", { timeoutMs: rung.timeoutMs, signal, mayOrder });
  const gone = await eventually(async () => (await node.answers(rung)) !== "yes", GONE_WITHIN_MS, signal);
  const others = await greeting(world, input.service, input.node);
  const lost = input.others.filter((name) => !others.includes(name));
  if (lost.length > 0)
    throw failed(
      input.node,
      `${input.rung.name} reads off, and ${lost.join(" and ")} stopped answering${gone ? " as well" : ` instead of ${input.node}`}.`,
      "correct the rung in understudy.yaml: it switches another machine.",
    );
  if (gone) return { detail: "the device reads off, the node answers no more, the others do" };
  throw failed(
    input.node,
    `${input.rung.name} reads off, but the node still answers after ${GONE_WITHIN_MS / 1000} s.`,
    "correct the rung in understudy.yaml, and see that the node has no battery.",
  );
}

async function switchOn(world: World, input: FenceTestStep, signal: AbortSignal): Promise<FenceTestProof> {
  const node = fencedNode(world, input.service, input.node);
  const rung = rungOf(node, input);
  const mayOrder = () => requireStillWanted(world.client);
  await switchTo(powerSwitch(rung), "on", { timeoutMs: rung.timeoutMs, signal, mayOrder });
  if (powersCoordinatorAlone(rung, node)) {
    const back = await eventually(async () => (await node.answers(rung)) === "yes", BOOT_MS, signal);
    return { proven: back, detail: back ? "the coordinator answers again" : "the coordinator does not answer again" };
  }
  const bootId = await bootIdAfter(world, input, signal);
  if (bootId === undefined) return { proven: false, detail: DID_NOT_BOOT };
  const proven = bootId !== input.bootId;
  return {
    proven,
    bootId,
    detail: proven ? "it booted anew" : "it answers in the same boot as before: it was never off",
  };
}

/** A network coordinator's own power: its host goes on. */
function powersCoordinatorAlone(rung: PowerRung, { port }: FencedNode): boolean {
  return rung.proves === "radio off" && onNetwork(port);
}

async function bootIdAfter(world: World, input: FenceTestStep, signal: AbortSignal): Promise<string | undefined> {
  const { ssh } = fencedNode(world, input.service, input.node).config;
  let bootId: string | undefined;
  await eventually(
    async () => {
      // A connection of before the power cut would only be noticed to be dead after a while.
      if ((await sshGreets(ssh, GREETING_MS)) === "no") return false;
      bootId = await nodeNow(world, input)
        .then(({ host }) => readBootId(host, signal))
        .catch(() => undefined);
      return bootId !== undefined;
    },
    BOOT_MS,
    signal,
  );
  return bootId;
}

async function nodeNow(world: World, { service, node }: { service: string; node: string }): Promise<NodeAccess> {
  const known = await world.service(service, { run: currentRun(), only: [node] });
  const found = known.nodes.find(({ name }) => name === node);
  if (found) return nodeAccess(world, known, found);
  throw known.unknown.get(node) ?? failed(node, "It is not known.", "see `understudy config check`.");
}

/** The other nodes that greet us now. */
async function greeting(world: World, service: string, except: string): Promise<readonly string[]> {
  const others = world.remembered(service).nodes.filter(({ name }) => name !== except);
  const greets = await Promise.all(others.map(({ ssh }) => sshGreets(ssh, GREETING_MS)));
  return others.filter((_node, index) => greets[index] === "yes").map(({ name }) => name);
}

/** The rung as it stood when the test began. */
function rungOf({ config }: FencedNode, { node, rung }: FenceTestStep): PowerRung {
  const found = config.fencing[rung.index];
  if (found && isPower(found) && mappingOf(found, config.ssh.host) === rung.mapping) return found;
  throw failed(node, "Its ladder has changed since the test began.", "begin the test again.");
}

async function eventually(look: () => Promise<boolean>, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await look()) return true;
    if (performance.now() > deadline) return false;
    await pause(POLL_MS, undefined, { signal });
  }
}

function refused(node: string, what: string, next: string): UnderstudyError {
  return new UnderstudyError("PREFLIGHT_REFUSED", { node, what, next });
}

function failed(node: string, what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { node, what, next });
}
