import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { MqttObserver } from "../../../lab/home/mqtt-observer.ts";

const PROGRAM = path.join(path.dirname(createRequire(import.meta.url).resolve("zigbee2mqtt/package.json")), "index.js");

/** Starts the real Zigbee2MQTT with a data directory, and waits until it takes requests over MQTT. */
export async function startZigbee2Mqtt(dataDirectory: string, mqtt: MqttObserver, env: NodeJS.ProcessEnv = {}) {
  const log = path.join(dataDirectory, "console.log");
  const output = fs.openSync(log, "a");
  const process_ = spawn(process.execPath, [PROGRAM], {
    // Without GIT_DIR, Zigbee2MQTT below a git checkout believes that it is outdated and builds itself.
    env: {
      ...process.env,
      ...env,
      ZIGBEE2MQTT_DATA: dataDirectory,
      Z2M_ONBOARD_NO_SERVER: "1",
      GIT_DIR: "/nonexistent",
    },
    stdio: ["ignore", output, output],
  });
  fs.closeSync(output);
  const ended = once(process_, "exit").then(([code]) => {
    const tail = fs.readFileSync(log, "utf8").split("\n").slice(-15).join("\n");
    throw new Error(`Zigbee2MQTT ended with exit code ${code}:\n${tail}`);
  });
  const ready = mqtt.waitFor(
    "Zigbee2MQTT's description of itself",
    ({ topic, retained }) => topic === "zigbee2mqtt/bridge/info" && !retained,
    60_000,
  );
  await Promise.race([ready, ended]);
  ready.catch(() => undefined);
  ended.catch(() => undefined);
  return process_;
}

/** Stops it as a service manager does. @returns its exit code */
export async function stopZigbee2Mqtt(process_: ChildProcess): Promise<number | null> {
  if (process_.exitCode !== null || process_.signalCode !== null) return process_.exitCode;
  const ended = once(process_, "exit");
  process_.kill("SIGTERM");
  const [code] = (await ended) as [number | null];
  return code;
}

export function writeConfiguration(dataDirectory: string, serialPort: string, brokerUrl: string): void {
  fs.mkdirSync(dataDirectory, { recursive: true });
  fs.writeFileSync(
    path.join(dataDirectory, "configuration.yaml"),
    `version: 5
mqtt: { server: "${brokerUrl}" }
serial: { port: "${serialPort}", adapter: zstack }
frontend: { enabled: false }
advanced:
  network_key: [1, 35, 69, 103, 137, 171, 205, 239, 254, 220, 186, 152, 118, 84, 50, 16]
  pan_id: 6754
  ext_pan_id: [221, 1, 2, 3, 4, 5, 6, 7]
  channel: 15
  log_output: [console]
`,
  );
}
