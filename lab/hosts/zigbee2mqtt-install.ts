import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
const PACKAGE = path.dirname(require.resolve("zigbee2mqtt/package.json"));

/** Version of the Zigbee2MQTT that all hosts run. */
export const ZIGBEE2MQTT_VERSION: string = require("zigbee2mqtt/package.json").version;

export interface Zigbee2MqttInstall {
  /** Where package.json and index.js are, as in /opt/zigbee2mqtt. */
  readonly directory: string;
  readonly dataDirectory: string;
  /** Shell commands for `start`, `stop` and `status`. */
  readonly commands: { readonly start: string; readonly stop: string; readonly status: string };
  readonly pidFile: string;
  /** What Zigbee2MQTT writes to its console. */
  readonly consoleLog: string;
}

/**
 * Puts Zigbee2MQTT and its service scripts into a host's directory. The program is the repository's own; the directory
 * has its own package.json, so that a version can be claimed. The scripts behave as a service manager does: `start`
 * returns at once, `stop` returns when the process has ended (or fails after 30 s), `status` exits 0 or 3.
 */
export function installZigbee2Mqtt(root: string, node: string, version = ZIGBEE2MQTT_VERSION): Zigbee2MqttInstall {
  const directory = path.join(root, "opt/zigbee2mqtt");
  const dataDirectory = path.join(directory, "data");
  const scripts = path.join(root, "service");
  const pidFile = path.join(root, "run/zigbee2mqtt.pid");
  const consoleLog = path.join(root, "var/log/zigbee2mqtt.log");
  for (const needed of [dataDirectory, scripts, path.dirname(pidFile), path.dirname(consoleLog)]) {
    fs.mkdirSync(needed, { recursive: true });
  }
  const manifest = JSON.parse(fs.readFileSync(path.join(PACKAGE, "package.json"), "utf8"));
  fs.writeFileSync(path.join(directory, "package.json"), `${JSON.stringify({ ...manifest, version }, undefined, 2)}\n`);
  fs.symlinkSync(path.join(PACKAGE, "index.js"), path.join(directory, "index.js"));

  const settings = path.join(scripts, "settings");
  fs.writeFileSync(
    settings,
    [
      `NODE=${quote(node)}`,
      `PROGRAM=${quote(path.join(directory, "index.js"))}`,
      `DATA=${quote(dataDirectory)}`,
      `PID_FILE=${quote(pidFile)}`,
      `LOG=${quote(consoleLog)}`,
      RUNNING,
    ].join("\n"),
  );
  const install = (name: string, body: string): string => {
    const file = path.join(scripts, name);
    fs.writeFileSync(file, `#!/bin/sh\n. ${quote(settings)}\n${body}`, { mode: 0o755 });
    return file;
  };
  const commands = { start: install("start", START), stop: install("stop", STOP), status: install("status", STATUS) };
  return { directory, dataDirectory, commands, pidFile, consoleLog };
}

/** A number in a file proves little: the process must also be this program. */
const RUNNING = `
running() {
  pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
  tr '\\0' '\\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$PROGRAM"
}
`;

// Without GIT_DIR a Zigbee2MQTT that happens to lie below some git checkout believes it is outdated and builds itself.
const START = `running && exit 0
rm -f "$PID_FILE"
cd "$(dirname "$PROGRAM")" || exit 1
ZIGBEE2MQTT_DATA=$DATA Z2M_ONBOARD_NO_SERVER=1 GIT_DIR=/nonexistent \\
  setsid sh -c 'echo $$ >"$1.new" && mv "$1.new" "$1" && shift && exec "$@"' \\
  sh "$PID_FILE" "$NODE" "$PROGRAM" </dev/null >>"$LOG" 2>&1 &
tries=0
until running; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.05
done
`;

const STOP = `running || exit 0
kill -TERM "$pid"
tries=0
while running; do
  tries=$((tries + 1))
  if [ "$tries" -ge 600 ]; then
    echo "zigbee2mqtt (process $pid) did not end within 30 seconds" >&2
    exit 1
  fi
  sleep 0.05
done
rm -f "$PID_FILE"
`;

const STATUS = `if running; then
  echo "$pid"
  exit 0
fi
exit 3
`;

function quote(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
