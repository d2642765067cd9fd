/** The one worker: the product's workflows, schedules and settings, simulated nodes. Argument: the directory of the lost services. */
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { keepSchedules } from "../../triggers/schedules.ts";
import { createWorker } from "../../workers/worker.ts";
import { workflowBundle } from "../../workers/workflow-bundle.ts";
import { connected } from "./connection.ts";
import { simulatedActivities } from "./simulated-activities.ts";
import { simulatedWorld } from "./simulated-world.ts";

Runtime.install({ logger: new DefaultLogger("WARN"), shutdownSignals: ["SIGINT", "SIGTERM"] });
const { config, connection, client } = await connected();
const worker = await createWorker({
  connection,
  namespace: config.temporal.namespace,
  taskQueue: config.temporal.taskQueue,
  activities: simulatedActivities(simulatedWorld(config, client), process.argv[2] ?? ""),
  workflowBundle: await workflowBundle(),
  services: config.services.length,
});
const schedules = keepSchedules(client, config, (sentence) => console.error(sentence));
await worker.run();
await schedules.stop();
await connection.close();
