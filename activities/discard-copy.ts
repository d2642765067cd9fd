import { readCoordinatorState, writeCoordinatorState } from "../generations/node-state.ts";
import { removeGenerations } from "../generations/prune.ts";
import { listGenerations } from "../generations/stored-generations.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { OperatingActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/**
 * Throws away what a standby holds to take over from. Its coordinator counts as half-written until a sync has written it
 * whole, and is not started before; the counters that it has seen are remembered (I3).
 */
export function discardCopy(world: World): OperatingActivities["discardCopy"] {
  return (input) =>
    step(async (signal) => {
      const { host, node, manager } = await access(world, input);
      const { state } = await manager.status(signal);
      if (state === "running" || state === "unknown") {
        throw new UnderstudyError("COMMAND_FAILED", {
          node: node.name,
          what: `The service ${state === "running" ? "runs here" : "may run here"}, so its copy was left alone.`,
          next: "name a standby whose service is stopped.",
        });
      }
      const mark = await readCoordinatorState(host, node, signal);
      if (mark) await writeCoordinatorState(host, node, { ...mark, state: "dirty" }, signal);
      const generations = await listGenerations(host, node, signal);
      await removeGenerations(host, node, generations, { unfinishedOfEpoch: input.epoch });
      return { generations: generations.length };
    });
}
