import { posix } from "node:path";
import type { EffectiveNode } from "../../config/effective.ts";
import { parseCoordinatorBackup } from "../../generations/coordinator-backup.ts";
import type { CoordinatorBackup } from "../../generations/coordinator-backup.ts";
import { configuredNetwork, networkKeyFile } from "../../generations/zigbee2mqtt-configuration.ts";
import type { ConfiguredNetwork } from "../../generations/zigbee2mqtt-configuration.ts";
import { readFile } from "../../hosts/files.ts";
import type { Host } from "../../hosts/host.ts";

const MAX_BYTES = 4 * 1024 * 1024;

/** What Zigbee2MQTT's own files on a node say of the network. The key in it is a secret (I10). */
export async function readZigbee2MqttFiles(
  host: Host,
  node: EffectiveNode,
  signal: AbortSignal,
): Promise<{ configuration: ConfiguredNetwork; backup: CoordinatorBackup | undefined }> {
  const read = async (name: string) =>
    (
      await readFile(host, posix.join(node.dataDirectory, name), { privileged: true, maxBytes: MAX_BYTES, signal })
    )?.toString("utf8");
  const [text, backup] = await Promise.all([read("configuration.yaml"), read("coordinator_backup.json")]);
  const keyFile = networkKeyFile(text ?? "");
  // A reference may only name a file beside configuration.yaml, as for Zigbee2MQTT itself.
  const referenced = keyFile !== undefined && posix.basename(keyFile) === keyFile ? await read(keyFile) : undefined;
  return {
    configuration: configuredNetwork(text ?? "", () => referenced),
    backup: backup === undefined ? undefined : parseCoordinatorBackup(backup),
  };
}
