import { setTimeout as pause } from "node:timers/promises";
import type { SiteNode } from "../site.ts";
import { ANY_HOST } from "./fault.ts";
import type { FaultClass } from "./fault.ts";

/** What can befall a coordinator. */
export const RADIO_FAULTS: readonly FaultClass[] = [
  {
    name: "stick-pulled",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    mayEndDark: true,
    plan: (random) => {
      const ms = random.between(500, 8_000);
      return {
        words: `its stick is pulled for ${ms} ms`,
        strike: async ({ node }) => {
          await node.home.unplug();
          const healed = pause(ms).then(() => node.home.plug());
          return () => healed;
        },
      };
    },
  },
  {
    name: "stick-hung",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    mayEndDark: true,
    plan: (random) => {
      const ms = random.between(1_000, 9_000);
      return {
        words: `its stick's firmware hangs for ${ms} ms`,
        strike: async ({ node }) => {
          node.home.dongle.hang();
          const healed = pause(ms).then(() => plugAnew(node));
          return () => healed;
        },
      };
    },
  },
  {
    name: "stick-resets",
    hosts: ANY_HOST,
    victims: ["from", "to"],
    mayEndDark: true,
    plan: () => ({
      words: "its stick resets by itself",
      strike: ({ node }) => {
        node.home.dongle.selfReset();
        return Promise.resolve(() => Promise.resolve());
      },
    }),
  },
  {
    name: "write-fails",
    hosts: ANY_HOST,
    victims: ["to", "from"],
    plan: (random) => {
      const nth = random.chance(0.5) ? random.between(1, 30) : random.between(30, 400);
      const again = random.chance(0.5);
      return {
        words: `write ${nth} to its stick fails${again ? ", and so does every one after" : ""}`,
        strike: async ({ node }) => {
          const { dongle } = node.home;
          dongle.failWriteAfter(nth);
          const repeating = again ? setInterval(() => dongle.failWriteAfter(nth), 1_000) : undefined;
          return () => {
            clearInterval(repeating);
            dongle.failWriteAfter(0);
            return Promise.resolve();
          };
        },
      };
    },
  },
];

/** As a person would with a stick that does not answer. */
async function plugAnew({ home }: SiteNode): Promise<void> {
  await home.unplug();
  await home.plug();
}
