/** The one trigger process: the product's MQTT triggers for all services. */
import { once } from "node:events";
import { startMqttTriggers } from "../../triggers/mqtt/start.ts";
import { connected } from "./connection.ts";
import { simulatedWorld } from "./simulated-world.ts";

const { config, connection, client } = await connected();
const triggers = startMqttTriggers(
  simulatedWorld(config, client),
  config.services.map(({ name }) => name),
);
await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await triggers.stop();
await connection.close();
