import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

const PROGRAM = path.join(path.dirname(createRequire(import.meta.url).resolve("zigbee2mqtt/package.json")), "index.js");
const STOP_MS = 20_000;

/** The real Zigbee2MQTT, on a serial port and a broker of this test, with a data directory of its own. */
export class Zigbee2Mqtt {
  readonly #child: ChildProcess;
  readonly #log: string;

  /** Starts it; that it has come up is to be seen on MQTT. */
  constructor(values: { directory: string; serialPort: string; brokerUrl: string }) {
    const data = path.join(values.directory, "data");
    fs.mkdirSync(data, { recursive: true });
    const configuration = path.join(data, "configuration.yaml");
    if (!fs.existsSync(configuration)) fs.writeFileSync(configuration, configurationOf(values));
    this.#log = path.join(values.directory, "zigbee2mqtt.log");
    const output = fs.openSync(this.#log, "a");
    this.#child = spawn(process.execPath, [PROGRAM], {
      cwd: values.directory,
      // Without GIT_DIR, Zigbee2MQTT below a git checkout believes that it is outdated and builds itself.
      env: { ...process.env, ZIGBEE2MQTT_DATA: data, Z2M_ONBOARD_NO_SERVER: "1", GIT_DIR: "/nonexistent" },
      stdio: ["ignore", output, output],
    });
    fs.closeSync(output);
  }

  /** The lines of its log that report an error or a warning. */
  complaints(): string[] {
    const lines = stripVTControlCharacters(fs.readFileSync(this.#log, "utf8")).split("\n");
    return lines.filter((line) => /^\[[^\]]*\] (error|warning):|^\w*Error:/.test(line));
  }

  /** Stops it as a service manager does, and by force if it does not end. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(force);
  }
}

function configurationOf(values: { serialPort: string; brokerUrl: string }): string {
  return `version: 5
mqtt:
  server: ${values.brokerUrl}
serial:
  port: ${values.serialPort}
  adapter: zstack
frontend:
  enabled: false
advanced:
  network_key: GENERATE
  pan_id: GENERATE
  ext_pan_id: GENERATE
  channel: 15
  log_output: [console]
`;
}
