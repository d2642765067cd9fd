import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { must } from "./command.ts";
import type { HostFiles, HostMount, HostService } from "./host-service.ts";
import { resource } from "./system-files.ts";

const require = createRequire(import.meta.url);
const ZIGBEE2MQTT = dirname(require.resolve("zigbee2mqtt/package.json"));

/** The real sshd, on port 22, from boot on. */
export async function sshdService(): Promise<HostService> {
  return service("sshd", { startsAtBoot: true });
}

export interface Zigbee2MqttServiceOptions {
  /** Node.js to run it with, a file of this machine. Default: the one that runs this process. */
  readonly nodeProgram?: string;
  /** Version that /opt/zigbee2mqtt/package.json claims. Default: the real one. */
  readonly version?: string;
  /** Whether it starts at boot, which a node of Understudy must not do. Default false. */
  readonly startsAtBoot?: boolean;
}

/** The real Zigbee2MQTT of this repository in /opt/zigbee2mqtt, with its data in /opt/zigbee2mqtt/data, run by root. */
export async function zigbee2mqttService(options: Zigbee2MqttServiceOptions = {}): Promise<HostService> {
  const manifest: object = require("zigbee2mqtt/package.json");
  const files: HostFiles = options.version
    ? {
        "/opt/zigbee2mqtt/package.json": `${JSON.stringify({ ...manifest, version: options.version }, undefined, 2)}\n`,
      }
    : {};
  return service("zigbee2mqtt", {
    startsAtBoot: options.startsAtBoot ?? false,
    files,
    mounts: [
      { kind: "bind", source: options.nodeProgram ?? process.execPath, target: "/opt/node/bin/node" },
      // Node resolves the packages that Zigbee2MQTT needs from /opt/zigbee2mqtt upwards.
      { kind: "bind", source: dirname(ZIGBEE2MQTT), target: "/opt/node_modules" },
      { kind: "overlay", source: ZIGBEE2MQTT, target: "/opt/zigbee2mqtt" },
    ],
  });
}

export interface MosquittoServiceOptions {
  /** Without credentials anyone may connect. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** The real Mosquitto on port 1883, from boot on. Retained messages are kept in memory only. */
export async function mosquittoService(options: MosquittoServiceOptions = {}): Promise<HostService> {
  const { credentials } = options;
  const configuration = [
    "listener 1883",
    "user root",
    "persistence false",
    "set_tcp_nodelay true",
    "log_dest file /var/log/mosquitto.log",
    `allow_anonymous ${credentials ? "false" : "true"}`,
    ...(credentials ? ["password_file /etc/mosquitto/passwords"] : []),
  ];
  return service("mosquitto", {
    startsAtBoot: true,
    files: {
      "/etc/mosquitto/mosquitto.conf": `${configuration.join("\n")}\n`,
      ...(credentials
        ? { "/etc/mosquitto/passwords": { content: await mosquittoPasswords(credentials), mode: 0o600 } }
        : {}),
    },
  });
}

async function mosquittoPasswords(credentials: {
  readonly username: string;
  readonly password: string;
}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-mosquitto-"));
  try {
    const file = join(directory, "passwords");
    await writeFile(file, `${credentials.username}:${credentials.password}\n`, { mode: 0o600 });
    await must("mosquitto_passwd", ["-U", file]); // Hashes the passwords in place.
    return await readFile(file, "utf8");
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Where a host that was given zigpyZnp() has the Python that can import zigpy-znp. */
export const ZIGPY_ZNP_PYTHON = "/opt/zigpy-znp/bin/python";

/**
 * zigpy-znp as a node has it: its own Python and packages, taken from a virtual environment of this machine.
 * @param python the virtual environment's interpreter
 */
export async function zigpyZnp(python: string): Promise<{ mounts: readonly HostMount[]; files: HostFiles }> {
  const question =
    "import sys, sysconfig; print(sys.base_prefix); print(sysconfig.get_path('purelib')); print(sys._base_executable)";
  const [prefix = "", packages = "", executable = ""] = (await must(python, ["-c", question])).split("\n");
  // A system's own Python is part of the host's system already; any other is brought along.
  const isSystems = prefix === "/usr";
  const program = isSystems ? executable : executable.replace(prefix, "/opt/python");
  return {
    mounts: [
      ...(isSystems ? [] : [{ kind: "bind", source: prefix, target: "/opt/python" } as const]),
      { kind: "bind", source: packages, target: "/opt/zigpy-znp/packages" },
    ],
    files: {
      [ZIGPY_ZNP_PYTHON]: {
        content: `#!/bin/sh\nexport LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/zigpy-znp/packages PYTHONDONTWRITEBYTECODE=1\nexec ${program} "$@"\n`,
        mode: 0o755,
      },
    },
  };
}

async function service(
  name: string,
  options: { startsAtBoot: boolean; files?: HostFiles; mounts?: readonly HostMount[] },
): Promise<HostService> {
  return { name, openrc: await resource(`${name}.openrc`), systemd: await resource(`${name}.service`), ...options };
}
