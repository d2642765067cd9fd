import { UnderstudyError } from "../model/errors.ts";
import type { SyncActivities } from "../workflows/activity-types.ts";
import { preload } from "./preload-coordinator.ts";
import { step } from "./support/step.ts";
import type { World } from "./support/world.ts";
import { tellCopy } from "./sync-link.ts";

/** The standby does not have the files, or nobody knows. */
const NO_COPY: readonly string[] = [
  "GENERATION_INVALID",
  "HOST_UNREACHABLE",
  "EPOCH_SUPERSEDED",
  "NODE_NOT_UNDERSTOOD",
];

/**
 * Sees to it that a standby's coordinator holds the generation that lies there, and tells `service` what it holds. What was written
 * is told even where the sync was cancelled meanwhile; where the coordinator could not be written, that the files are there.
 */
export function refreshCopy(world: World): SyncActivities["refreshCopy"] {
  return ({ at, listenedAt, guard, ...input }) =>
    step(async (signal) => {
      const { service, node, generation } = input;
      const tell = (preloaded: boolean) =>
        tellCopy(world.client, {
          service,
          node,
          copy: {
            generation,
            at,
            preloaded,
            ...(listenedAt === undefined ? {} : { listenedAt }),
            ...(guard === undefined ? {} : { guard }),
          },
        });
      try {
        const result = await preload(world, input, signal);
        await tell(result.preloaded);
        return result;
      } catch (error) {
        if (error instanceof UnderstudyError && !NO_COPY.includes(error.id)) await tell(false);
        throw error;
      }
    });
}
