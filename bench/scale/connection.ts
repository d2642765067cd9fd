import { Client } from "@temporalio/client";
import { NativeConnection } from "@temporalio/worker";
import { loadConfig } from "../../config/load.ts";
import type { UserConfig } from "../../config/user-config.ts";

/** understudy.yaml as a worker reads it, and a client for its server. */
export async function connected(): Promise<{ config: UserConfig; connection: NativeConnection; client: Client }> {
  const config = await loadConfig(process.env["UNDERSTUDY_CONFIG"] ?? "understudy.yaml");
  const connection = await NativeConnection.connect({ address: `127.0.0.1:${config.temporal.ownServer.port}` });
  return { config, connection, client: new Client({ connection, namespace: config.temporal.namespace }) };
}
