import type { createActivities } from "../../../activities/index.ts";
import { access } from "../../../activities/support/world.ts";
import type { World } from "../../../activities/support/world.ts";

type Activities = ReturnType<typeof createActivities>;

/** A bug as somebody could have written it, in the place of one step. */
export interface PlantedBug {
  readonly words: string;
  /** What the auditor has to say about it. */
  readonly caughtBy: RegExp;
  /** Only such handovers come to it. */
  readonly kind?: "failover";
  plant(activities: Activities, world: World): Partial<Activities>;
}

/** The bugs that the campaign has to catch, or it proves nothing. */
export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {
  "silence-left-out": {
    words: "the old coordinator is left on the air",
    caughtBy: /^I1: /,
    plant: () => ({ silenceNode: () => Promise.resolve({ deviceState: 2 }) }),
  },
  "counter-not-raised": {
    words: "a coordinator that holds the network already resumes with its old counter",
    caughtBy: /^I3: /,
    plant: () => ({ restoreNvram: ({ highestCounters }) => Promise.resolve({ counters: highestCounters }) }),
  },
  "grant-not-checked": {
    words: "the service is started without asking for the node's grant",
    caughtBy: /^I2: /,
    plant: (_activities, world) => ({
      startNode: async (input) => {
        const { manager } = await access(world, input);
        const issuedAt = new Date().toISOString();
        await manager.start();
        return { issuedAt };
      },
    }),
  },
  "fence-believed": {
    words: "a rung of the ladder is believed without reading back",
    caughtBy: /^I1: /,
    kind: "failover",
    plant: () => ({
      fenceNode: () =>
        Promise.resolve({
          proven: "host off",
          selfFenced: false,
          rungs: [{ rung: "believed", proves: "host off", ok: true, detail: "it was told to switch off" }],
        }),
    }),
  },
};
