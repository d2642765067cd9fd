import { fileURLToPath } from "node:url";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { NativeConnection, Runtime, DefaultLogger, Worker } from "@temporalio/worker";

/** A worker program as `understudy start` runs it, with the stub workflows: told by the environment, ended by SIGTERM. */
Runtime.install({ logger: new DefaultLogger("ERROR") });
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  connection,
  namespace: namespace ?? "default",
  taskQueue: "understudy",
  workflowsPath: fileURLToPath(new URL("stub-workflows.ts", import.meta.url)),
  stickyQueueScheduleToStartTimeout: 500,
});
await worker.run();
await connection.close();
