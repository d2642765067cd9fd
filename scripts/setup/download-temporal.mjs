/**
 * Downloads Temporal's server in the way the SDK does for its own tests: the core library fetches the version that
 * belongs to it, starts it once, and we stop it again. Argument: the directory for the binary.
 */
import bridge from "@temporalio/core-bridge";
import fs from "node:fs";
import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("@temporalio/core-bridge/package.json");
const { native } = bridge;

const runtime = native.newRuntime({
  logExporter: { type: "console", filter: "ERROR", format: null },
  telemetry: { attachServiceName: false, metricPrefix: "temporal_" },
  metricsExporter: null,
  workerHeartbeatIntervalMillis: null,
});
const server = await native.newEphemeralServer(runtime, {
  type: "dev-server",
  exe: {
    type: "cached-download",
    downloadDir: fs.realpathSync(process.argv[2]),
    version: "default",
    ttl: 0,
    sdkName: "sdk-typescript",
    sdkVersion: version,
  },
  namespace: "default",
  ip: "127.0.0.1",
  port: null,
  uiPort: null,
  dbFilename: null,
  ui: false,
  log: { format: "pretty", level: "error" },
  extraArgs: [],
});
await native.ephemeralServerShutdown(server);
native.runtimeShutdown(runtime);
process.exit(0);
