import { setTimeout as pause } from "node:timers/promises";
import { ANY_HOST, NOTHING_TO_HEAL } from "./fault.ts";
import type { FaultClass } from "./fault.ts";

/** What can befall Understudy and Temporal themselves. */
export const CONTROLLER_FAULTS: readonly FaultClass[] = [
  {
    name: "worker-killed",
    hosts: ANY_HOST,
    plan: () => ({
      words: "the worker is killed",
      strike: ({ site }) => {
        site.signal("worker", "SIGKILL");
        return Promise.resolve(NOTHING_TO_HEAL);
      },
    }),
  },
  {
    name: "server-killed",
    hosts: ANY_HOST,
    plan: () => ({
      words: "Temporal's server is killed",
      strike: ({ site }) => {
        site.signal("server", "SIGKILL");
        return Promise.resolve(NOTHING_TO_HEAL);
      },
    }),
  },
  {
    name: "worker-frozen",
    hosts: ANY_HOST,
    plan: (random) => {
      const ms = random.between(2_000, 9_000);
      return {
        words: `the worker is frozen for ${ms} ms`,
        strike: async ({ site }) => {
          site.signal("worker", "SIGSTOP");
          const thaw = pause(ms).then(() => site.signal("worker", "SIGCONT"));
          return () => thaw;
        },
      };
    },
  },
  {
    name: "terminated",
    hosts: ANY_HOST,
    plan: () => ({
      words: "the handover is terminated in Temporal",
      strike: async ({ site }) => {
        await handover(site.temporal.workflow.getHandle(`handover:${site.service}`).terminate("a fault"));
        return NOTHING_TO_HEAL;
      },
    }),
  },
  {
    name: "cancelled",
    hosts: ANY_HOST,
    plan: () => ({
      words: "the handover is cancelled in Temporal",
      strike: async ({ site }) => {
        await handover(site.temporal.workflow.getHandle(`handover:${site.service}`).cancel());
        return NOTHING_TO_HEAL;
      },
    }),
  },
  {
    name: "started-twice",
    hosts: ANY_HOST,
    plan: (random) => {
      const times = random.between(1, 3);
      return {
        words: `it is ordered ${times} times more`,
        strike: async ({ site, to }) => {
          const started = Array.from({ length: times }, () =>
            site.lab.understudy.run(["switchover", "--yes", "--detach", "-o", "json", "--to", to.name]),
          );
          await Promise.all(started);
          return NOTHING_TO_HEAL;
        },
      };
    },
  },
];

/** It may have ended by itself already. */
async function handover(ending: Promise<unknown>): Promise<void> {
  await ending.catch(() => undefined);
}
