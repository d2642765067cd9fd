import { defineConfig } from "vitest/config";

// What is polled for comes within moments on a quiet machine; it need not on one that is busy.
const shared = { testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { timeout: 15_000, interval: 20 } } };

/** Too long for every change: part of `npm run verify`. The fault list row by row, and times from a fault to a decision. */
const LONG = [
  "test/system/faults/**/*.test.ts",
  "test/system/home/{detection,times}.test.ts",
  "test/system/node/power-cut.test.ts",
];

/** Compares the whole machine before and after: no other lab may come or go meanwhile. */
const ALONE = ["test/system/namespaces/network.test.ts"];

/** Whole homes that are not needed to see within ten minutes whether a change is sound: `npm run test:homes`. */
const HOMES = [
  "test/home/{crashes,failures-after-the-start,failures-of-the-old-node,lost-old-stick,operating,refusals,sync}.test.ts",
];

export default defineConfig({
  test: {
    // Tests with a whole home wait more than they compute; many more at once would only make them wait for each other.
    maxWorkers: 4,
    projects: [
      { test: { ...shared, name: "home", include: ["test/**/*.test.ts"], exclude: ["test/system/**", ...HOMES] } },
      { test: { ...shared, name: "homes", include: HOMES } },
      // As root, on hosts made of namespaces: two files at a time.
      {
        test: {
          ...shared,
          name: "system",
          include: ["test/system/**/*.test.ts"],
          exclude: [...LONG, ...ALONE],
        },
      },
      { test: { ...shared, name: "alone", include: ALONE, sequence: { groupOrder: 1 } } },
      { test: { ...shared, name: "verify", include: LONG, fileParallelism: false } },
    ],
  },
});
