import {
  isGrantValid,
  readBootId,
  readControllerMark,
  readCoordinatorState,
  readEpoch,
  readGrant,
} from "../generations/node-state.ts";
import { UnderstudyError } from "../model/errors.ts";
import { NO_COUNTERS } from "../model/frame-counters.ts";
import { inWords, readNodeSide } from "../node/facts.ts";
import type { HandoverActivities, NodeFacts } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { currentRun, nodeAccess } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** Asks every node what it does and what it holds. A node that cannot be asked is a fact of its own. */
export function readFacts(world: World): HandoverActivities["readFacts"] {
  return (input) =>
    step(async (signal) => {
      const service = await world.service(input.service, { run: currentRun(), fresh: true });
      const known = service.nodes.map((node) => factsOf(nodeAccess(world, service, node), signal));
      const lost = [...service.unknown].map(([name, error]) => unreachable(name, error));
      return [...(await Promise.all(known)), ...lost];
    });
}

async function factsOf({ host, node, manager, service }: NodeAccess, signal: AbortSignal): Promise<NodeFacts> {
  try {
    const status = await manager.status(signal);
    const [grant, epoch, bootId, coordinator, mark, side] = [
      await readGrant(host, node, signal),
      await readEpoch(host, node, signal),
      await readBootId(host, signal),
      await readCoordinatorState(host, node, signal),
      await readControllerMark(host, node, signal),
      await readNodeSide(host, node, signal),
    ];
    const alone = inWords(side);
    return {
      node: node.name,
      reachable: true,
      running: status.state === "unknown" ? "unknown" : status.state === "running",
      ...(grant && isGrantValid(grant, bootId, epoch) ? { grantedEpoch: grant.epoch } : {}),
      epoch,
      coordinatorDirty: coordinator?.state === "dirty",
      counters: coordinator
        ? { network: coordinator.maxFrameCounter, linkKeys: coordinator.maxLinkKeyCounter }
        : NO_COUNTERS,
      gate: side.gate,
      ...(alone === undefined ? {} : { alone }),
      ...(mark && mark.controller !== service.controller ? { otherController: { ageMs: mark.ageMs } } : {}),
      ...(status.state === "unknown" ? { detail: status.detail } : {}),
    };
  } catch (error) {
    if (error instanceof UnderstudyError) return unreachable(node.name, error);
    throw error;
  }
}

function unreachable(node: string, error: UnderstudyError): NodeFacts {
  return {
    node,
    reachable: false,
    running: "unknown",
    epoch: 0,
    coordinatorDirty: false,
    counters: NO_COUNTERS,
    detail: error.what,
  };
}
