import { setTimeout as pause } from "node:timers/promises";
import { ANY_HOST, NOTHING_TO_HEAL } from "./fault.ts";
import type { FaultClass } from "./fault.ts";

/** What can befall the ways between controller, nodes and broker. */
export const CONNECTION_FAULTS: readonly FaultClass[] = [
  {
    name: "connections-cut",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    plan: (random) => {
      const times = random.between(1, 6);
      const everyMs = random.between(50, 900);
      return {
        words: `its SSH connections are cut ${times} times, every ${everyMs} ms`,
        strike: async ({ node }) => {
          for (let count = 0; count < times; count++) {
            node.cutConnections();
            await pause(everyMs);
          }
          return NOTHING_TO_HEAL;
        },
      };
    },
  },
  {
    name: "node-isolated",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    plan: (random) => {
      const ms = random.between(1_000, 12_000);
      return {
        words: `it cannot be reached for ${ms} ms`,
        strike: async ({ node }) => {
          await node.isolate();
          const healed = pause(ms).then(() => node.rejoin());
          return () => healed;
        },
      };
    },
  },
  {
    name: "broker-restarted",
    hosts: ANY_HOST,
    plan: (random) => {
      const ms = random.between(0, 6_000);
      return {
        words: `the broker is down for ${ms} ms`,
        strike: async ({ site }) => {
          await site.broker.stop();
          const healed = pause(ms).then(() => site.broker.start());
          return () => healed;
        },
      };
    },
  },
  {
    name: "broker-frozen",
    hosts: ANY_HOST,
    plan: (random) => {
      const ms = random.between(1_000, 8_000);
      return {
        words: `the broker answers nothing for ${ms} ms`,
        strike: async ({ site }) => {
          await site.broker.pause();
          const healed = pause(ms).then(() => site.broker.resume());
          return () => healed;
        },
      };
    },
  },
];
