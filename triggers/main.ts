/**
 * The triggers in a process of their own, for a machine that runs no worker. Like a worker, it reads understudy.yaml
 * (UNDERSTUDY_CONFIG, default ./understudy.yaml) and finds Temporal by its usual variables. Any number may run; SIGTERM and
 * SIGINT end it.
 */
import { once } from "node:events";
import { Client, Connection } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { makeWorld } from "../activities/support/make-world.ts";
import { loadConfig } from "../config/load.ts";
import { UnderstudyError } from "../model/errors.ts";
import { startMqttTriggers } from "./mqtt/start.ts";

async function main(): Promise<void> {
  const config = await loadConfig(process.env["UNDERSTUDY_CONFIG"] ?? "understudy.yaml");
  const { connectionOptions, namespace = config.temporal.namespace } = loadClientConnectConfig();
  const address = connectionOptions.address ?? config.temporal.address ?? `127.0.0.1:${config.temporal.ownServer.port}`;
  const connection = await Connection.connect({ ...connectionOptions, address });
  const client = new Client({ connection, namespace });
  const world = makeWorld({ config, client, taskQueue: config.temporal.taskQueue });
  const triggers = startMqttTriggers(
    world,
    config.services.map(({ name }) => name),
  );
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await triggers.stop();
  await world.close();
  await connection.close();
}

try {
  await main();
} catch (error) {
  // What was foreseen is told in words; anything else is a bug and keeps its stack.
  console.error(error instanceof UnderstudyError ? error.message : error);
  process.exitCode = 1;
}
