import { repairData } from "../generations/data-directory.ts";
import { readBootId, readCoordinatorState, writeGrant } from "../generations/node-state.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities, NodeStep } from "../workflows/activity-types.ts";
import { notIssued, step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/**
 * Grants the node the epoch for its present boot (I2) and starts the service. Whatever fails before the start is issued says so
 * (`issued: false`), because issuing it is the point of no return.
 */
export function startNode(world: World): HandoverActivities["startNode"] {
  return (input) =>
    step(async (signal) => {
      const { at, issuedAt } = await notIssued(() => prepare(world, input, signal));
      await at.manager.start(signal);
      return { issuedAt };
    });
}

async function prepare(
  world: World,
  input: NodeStep,
  signal: AbortSignal,
): Promise<{ at: NodeAccess; issuedAt: string }> {
  const at = await access(world, input);
  const { host, node } = at;
  if ((await readCoordinatorState(host, node, signal))?.state === "dirty") {
    throw new UnderstudyError("COORDINATOR_DIRTY", {
      node: node.name,
      what: "Its coordinator was being written and that did not end well, so it is not started.",
      next: "start a switchover to it again: it will be written anew.",
    });
  }
  await repairData(host, node, signal);
  await writeGrant(
    host,
    node,
    { epoch: input.epoch, bootId: await readBootId(host, signal), handover: input.handover },
    signal,
  );
  return { at, issuedAt: new Date().toISOString() };
}
