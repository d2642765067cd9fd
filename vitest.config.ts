import { defineConfig } from "vitest/config";

const shared = { testTimeout: 120_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    // Real Zigbee2MQTT, Temporal and Python share the machine with the tests; more at once only makes them wait.
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: "home", include: ["test/**/*.test.ts"], exclude: ["test/system/**"] } },
      // As root, on hosts made of namespaces: one file after the other.
      { test: { ...shared, name: "system", include: ["test/system/**/*.test.ts"], fileParallelism: false } },
    ],
  },
});
