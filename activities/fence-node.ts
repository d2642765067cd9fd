import type { PowerRung, RungConfig } from "../config/fencing.ts";
import { nameRung } from "../config/name-rung.ts";
import { climbLadder } from "../fencing/ladder.ts";
import type { LadderRung } from "../fencing/ladder.ts";
import { powerRung } from "../fencing/power-rung.ts";
import { sshGreets } from "../fencing/ssh-greets.ts";
import { sshRung } from "../fencing/ssh-rung.ts";
import type { SshRungNode } from "../fencing/ssh-rung.ts";
import { isUnplugged } from "../fencing/unplugged.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { FailoverActivities, NodeStep } from "../workflows/activity-types.ts";
import { within } from "./examine/within.ts";
import { fencedNode, ownPower, provenMappings, unprovenMapping } from "./fence/fenced-node.ts";
import type { FencedNode } from "./fence/fenced-node.ts";
import { stopService } from "./stop-node.ts";
import { requireStillWanted } from "./support/still-wanted.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

const GREETING_MS = 3_000;
/** For a node that greets and then is slow to answer; the home has no Zigbee meanwhile. */
const REACH_MS = 8_000;

export interface FenceHooks {
  /** Whether the node must have stopped and silenced itself by now. Default: never. */
  readonly hasFencedItself?: (input: NodeStep, signal: AbortSignal) => Promise<boolean>;
}

/**
 * Climbs the node's ladder until a rung has proven it off. Killed in the middle, it is climbed again from below: every rung may
 * be done twice.
 */
export function fenceNode(world: World, hooks: FenceHooks = {}): FailoverActivities["fenceNode"] {
  return (input) =>
    step(async (signal) => {
      const node = fencedNode(world, input.service, input.node);
      let unplugged = false;
      const onTrust = new Set<string>();
      const notes = { unplugged: () => (unplugged = true), onTrust: (name: string) => onTrust.add(name) };
      const ladder = node.config.fencing.map((rung) => ladderRung(world, node, rung, input, notes));
      const climb = await climbLadder(ladder, signal);
      const selfFenced = climb.proven === undefined && (await hooks.hasFencedItself?.(input, signal)) === true;
      const rungs = climb.rungs.map((rung) => (onTrust.has(rung.rung) ? { ...rung, onTrust: true as const } : rung));
      return { ...climb, rungs, selfFenced, ...(unplugged ? { unplugged } : {}) };
    });
}

/** What is seen on the way beside the proofs. */
interface Notes {
  readonly unplugged: () => void;
  /** That this rung switches the node is the user's word alone. */
  readonly onTrust: (name: string) => void;
}

function ladderRung(world: World, node: FencedNode, rung: RungConfig, input: NodeStep, notes: Notes): LadderRung {
  if (rung.kind === "ssh") return sshRung((signal) => reach(world, node, input, signal), notes.unplugged);
  if (rung.kind === "person") return person(input.node);
  return powerRung(rung, {
    proves: node.proves(rung),
    answers: () => node.answers(rung),
    refusal: async () => {
      const unproven = await whyNotTested(world, rung, node, input);
      if (unproven && rung.trusted) notes.onTrust(nameRung(rung));
      return (rung.trusted ? undefined : unproven) ?? ownPower(world.client, node.config);
    },
    mayOrder: () => requireStillWanted(world.client),
  });
}

/** Why the rung's mapping is not proven. One that is trusted is used all the same, also while Temporal cannot tell what was tested. */
async function whyNotTested(world: World, rung: PowerRung, { config }: FencedNode, { service, node }: NodeStep) {
  const proven = provenMappings(world.client, service, node);
  return unprovenMapping(rung, config, await (rung.trusted ? proven.catch(() => new Set<string>()) : proven));
}

/** Quickly where the node is lost: what is known of it costs nothing, and a greeting tells a frozen one. */
async function reach(world: World, { config }: FencedNode, input: NodeStep, signal: AbortSignal): Promise<SshRungNode> {
  const { host, port } = config.ssh;
  const silent = () =>
    new UnderstudyError("HOST_UNREACHABLE", {
      node: config.name,
      what: `${host}:${port} does not answer, so the service cannot be stopped through it.`,
      next: `see whether ${config.name} is on.`,
    });
  if ((await sshGreets(config.ssh, GREETING_MS)) === "no") throw silent();
  const at = await within(
    REACH_MS,
    signal,
    () => access(world, input),
    (error) => {
      throw error instanceof UnderstudyError ? error : silent();
    },
  );
  return {
    coordinator: at.coordinator,
    stop: async (abort) => void (await stopService(at, abort)),
    isUnplugged: (abort) => isUnplugged(at.host, at.node.coordinator, abort),
  };
}

/** Not for us to do: the failover waits for it (`understudy confirm-fenced`). */
function person(name: string): LadderRung {
  return {
    name: "person",
    proves: "host off",
    prove: () =>
      Promise.reject(
        new UnderstudyError("FENCING_FAILED", {
          what: "A person has to make sure that it is off.",
          next: `pull its plug or its stick, then: understudy confirm-fenced --node ${name}`,
        }),
      ),
  };
}
