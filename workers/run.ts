import { hostname } from "node:os";
import { Client } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { DefaultLogger, NativeConnection, Runtime } from "@temporalio/worker";
import { createActivities } from "../activities/index.ts";
import { makeWorld } from "../activities/support/make-world.ts";
import { loadConfig } from "../config/load.ts";
import { UnderstudyError } from "../model/errors.ts";
import { startMqttTriggers } from "../triggers/mqtt/start.ts";
import { keepSchedules } from "../triggers/schedules.ts";
import { createWorker } from "./worker.ts";
import { workflowBundle } from "./workflow-bundle.ts";

/**
 * Runs a worker as the environment says, until it is asked to end, and the MQTT triggers beside it unless
 * UNDERSTUDY_TRIGGERS is `off`. Sets the exit code; never rejects. `makeActivities` is what
 * it offers: all that there are, unless a caller puts something around them.
 */
export async function runWorker(makeActivities: typeof createActivities = createActivities): Promise<void> {
  try {
    await serve(makeActivities);
  } catch (error) {
    // What was foreseen is told in words; anything else is a bug and keeps its stack.
    console.error(error instanceof UnderstudyError ? error.message : error);
    process.exitCode = 1;
  }
}

async function serve(makeActivities: typeof createActivities): Promise<void> {
  Runtime.install({ logger: new DefaultLogger("WARN"), shutdownSignals: ["SIGINT", "SIGTERM"] });
  const config = await loadConfig(process.env["UNDERSTUDY_CONFIG"] ?? "understudy.yaml");
  const { connectionOptions, namespace = config.temporal.namespace } = loadClientConnectConfig();
  const address = connectionOptions.address ?? config.temporal.address ?? `127.0.0.1:${config.temporal.ownServer.port}`;
  const connection = await NativeConnection.connect({ ...connectionOptions, address });
  const client = new Client({ connection, namespace });
  const { taskQueue } = config.temporal;
  const serviceNames = config.services.map(({ name }) => name);
  const world = makeWorld({ config, client, taskQueue });
  try {
    const worker = await createWorker({
      connection,
      namespace,
      taskQueue,
      activities: makeActivities(world),
      workflowBundle: await workflowBundle(),
      services: serviceNames.length,
      identity: `understudy-worker ${process.pid}@${hostname()}`,
    });
    const triggers = process.env["UNDERSTUDY_TRIGGERS"] === "off" ? undefined : startMqttTriggers(world, serviceNames);
    const schedules = keepSchedules(client, config, (sentence) => console.error(sentence));
    try {
      await worker.run();
    } finally {
      await schedules.stop();
      await triggers?.stop();
    }
  } finally {
    await world.close();
    await connection.close();
  }
}
