/**
 * The worker's process. `understudy start` runs it; on other machines it is run by hand. The environment tells it where
 * understudy.yaml is (UNDERSTUDY_CONFIG, default ./understudy.yaml) and, by Temporal's own variables, where Temporal is.
 * SIGTERM and SIGINT let it finish what it does; what it cannot finish in time goes on when a worker is back.
 */
import { hostname } from "node:os";
import { Client } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { DefaultLogger, NativeConnection, Runtime } from "@temporalio/worker";
import { createActivities } from "../activities/index.ts";
import { makeWorld } from "../activities/support/make-world.ts";
import { loadConfig } from "../config/load.ts";
import { UnderstudyError } from "../model/errors.ts";
import { createWorker } from "./worker.ts";

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger("WARN"), shutdownSignals: ["SIGINT", "SIGTERM"] });
  const config = await loadConfig(process.env["UNDERSTUDY_CONFIG"] ?? "understudy.yaml");
  const { connectionOptions, namespace = config.temporal.namespace } = loadClientConnectConfig();
  const address = connectionOptions.address ?? config.temporal.address ?? `127.0.0.1:${config.temporal.ownServer.port}`;
  const connection = await NativeConnection.connect({ ...connectionOptions, address });
  const client = new Client({ connection, namespace });
  const { taskQueue } = config.temporal;
  const world = makeWorld({ config, client, taskQueue });
  try {
    const worker = await createWorker({
      connection,
      namespace,
      taskQueue,
      activities: createActivities(world),
      identity: `understudy-worker ${process.pid}@${hostname()}`,
    });
    await worker.run();
  } finally {
    await world.close();
    await connection.close();
  }
}

try {
  await main();
} catch (error) {
  // What was foreseen is told in words; anything else is a bug and keeps its stack.
  console.error(error instanceof UnderstudyError ? error.message : error);
  process.exitCode = 1;
}
