import { posix } from "node:path";
import type { ServiceManagerConfig } from "../effective.ts";
import { ask, toRecords } from "./ask.ts";
import { notUnderstood, type Found, type NodeContext } from "./found.ts";
import { describeManager } from "./service-manager.ts";
import { shellAssignments } from "./shell-assignments.ts";

/** What the service manager's own files say about Zigbee2MQTT on this node. */
export interface ManagerFacts {
  /** Data directory that it passes to Zigbee2MQTT, on the node's file system. */
  readonly data?: Found<string>;
  /** Directories in which Zigbee2MQTT may be installed, best first. */
  readonly installs: readonly Found<string>[];
  readonly version?: Found<string>;
  /** Serial devices under the names that Zigbee2MQTT knows them by; a container may have its own names. */
  readonly devices: readonly { readonly inside: string; readonly onNode: string }[];
  /** Names of the environment variables that override configuration.yaml at each start. */
  readonly overrides: readonly string[];
}

export const NO_FACTS: ManagerFacts = { installs: [], devices: [], overrides: [] };

/** Asks the service manager. */
export async function askManager(context: NodeContext, manager: ServiceManagerConfig): Promise<ManagerFacts> {
  switch (manager.kind) {
    case "openrc":
      return askOpenrc(context, manager.name);
    case "systemd":
      return askSystemd(context, manager.unit);
    case "docker":
      return askDocker(context, manager.container);
    case "commands":
      return NO_FACTS;
  }
}

const OPENRC_SCRIPT = `
for file in "/etc/conf.d/$1" "/etc/init.d/$1"; do
  printf 'file\\0%s\\0' "$(head -c 65536 "$file" 2>/dev/null)"
done
`;

/** Directories that a script names without Zigbee2MQTT being installed in them. */
const SYSTEM_PATHS = /^\/(bin|sbin|usr\/(local\/)?s?bin|dev|etc|run|proc|sys|tmp|lib|var\/(run|log))(\/|$)/;

async function askOpenrc(context: NodeContext, name: string): Promise<ManagerFacts> {
  const fields = await ask(context.host, { script: OPENRC_SCRIPT, args: [name], about: `the OpenRC service ${name}` });
  const [config = "", script = ""] = toRecords(fields, { file: 1 }).map((record) => record.values[0] ?? "");
  // As OpenRC does: conf.d first, then the script.
  const values = shellAssignments(script, shellAssignments(config, { RC_SVCNAME: name, SVCNAME: name }));
  const source = `found in /etc/init.d/${name}`;
  const texts = [values.directory, values.command, values.command_args, ...script.split("\n")];
  const paths = texts.flatMap((text) => text?.match(/(?<![\w.$}])\/[A-Za-z0-9._/+-]+/g) ?? []);
  return {
    data: absolute(
      values.ZIGBEE2MQTT_DATA ?? /\bZIGBEE2MQTT_DATA=["']?(\/[A-Za-z0-9._/+-]+)/.exec(script)?.[1],
      source,
    ),
    installs: installDirectories(paths, source),
    devices: [],
    overrides: overrideNames(Object.keys(values)),
  };
}

const SYSTEMD_SCRIPT = `
show=$(systemctl show -p LoadState -p MainPID -p Environment -p WorkingDirectory -p ExecStart -- "$1" 2>/dev/null | head -c 65536)
printf 'show\\0%s\\0' "$show"
pid=$(printf '%s\\n' "$show" | sed -n 's/^MainPID=\\([1-9][0-9]*\\)$/\\1/p')
[ -n "$pid" ] || exit 0
printf 'environment\\0%s\\0' "$(tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | head -c 262144 | sed -n -e '/^ZIGBEE2MQTT_DATA=/p' -e 's/^\\(ZIGBEE2MQTT_CONFIG_[A-Z0-9_]*\\)=.*/\\1=/p')"
printf 'cwd\\0%s\\0' "$(readlink "/proc/$pid/cwd" 2>/dev/null)"
`;

async function askSystemd(context: NodeContext, unit: string): Promise<ManagerFacts> {
  const fields = await ask(context.host, { script: SYSTEMD_SCRIPT, args: [unit], about: `the systemd unit ${unit}` });
  const records = toRecords(fields, { show: 1, environment: 1, cwd: 1 });
  const text = (kind: string): string => records.find((record) => record.kind === kind)?.values[0] ?? "";
  const show = new Map(
    text("show")
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const running = text("environment").split("\n");
  const written =
    (show.get("Environment") ?? "")
      .match(/"(?:\\.|[^"\\])*"|\S+/g)
      ?.map((word) => word.replaceAll(/^"|"$/g, "").replaceAll(/\\(.)/g, "$1")) ?? [];
  const dataOf = (lines: readonly string[]): string | undefined =>
    lines.find((line) => line.startsWith("ZIGBEE2MQTT_DATA="))?.slice("ZIGBEE2MQTT_DATA=".length);
  const source = `found in ${unit}`;
  const paths = [
    show.get("WorkingDirectory")?.replace(/^[!-]+/, ""),
    ...((show.get("ExecStart") ?? "").match(/\/[^\s;'"]+/g) ?? []),
    text("cwd"),
  ];
  return {
    data:
      absolute(dataOf(running), `found in the environment of the running ${unit}`) ?? absolute(dataOf(written), source),
    installs: installDirectories(
      paths.filter((path) => path !== undefined),
      source,
    ),
    devices: [],
    overrides: overrideNames([...running, ...written].map((line) => line.split("=")[0] ?? "")),
  };
}

const DOCKER_SCRIPT = `
docker inspect --type container --format '{{json .Mounts}}
{{json .Config.Env}}
{{json .Config.Labels}}
{{json .HostConfig.Devices}}
{{json .State.Running}}' -- "$1" 2>/dev/null | head -c 262144 | { read -r mounts; read -r env; read -r labels; read -r devices; read -r running
printf 'inspect\\0%s\\0%s\\0%s\\0%s\\0' "$mounts" "$env" "$labels" "$devices"
if [ "$running" = true ]; then
  printf 'package\\0%s\\0' "$(docker exec "$1" cat /app/package.json 2>/dev/null | head -c 65536)"
fi
}
`;

async function askDocker(context: NodeContext, container: string): Promise<ManagerFacts> {
  const fields = await ask(context.host, {
    script: DOCKER_SCRIPT,
    args: [container],
    about: `the Docker container ${container}`,
  });
  const records = toRecords(fields, { inspect: 4, package: 1 });
  const [mounts, env, labels, devices] = (records.find((record) => record.kind === "inspect")?.values ?? []).map(
    parseJson,
  );
  if (!Array.isArray(mounts)) {
    throw notUnderstood(
      context.node.name,
      `Docker says nothing about ${container}.`,
      "check the container's name, and that this user (or sudo, doas) may use Docker.",
    );
  }
  const source = `found in ${describeManager({ kind: "docker", container })}`;
  const variables = (Array.isArray(env) ? env : []).filter((item): item is string => typeof item === "string");
  const inside =
    variables.find((item) => item.startsWith("ZIGBEE2MQTT_DATA="))?.slice("ZIGBEE2MQTT_DATA=".length) ?? "/app/data";
  return {
    data: absolute(toNodePath(mounts, inside), source),
    installs: [],
    version: dockerVersion(records.find((record) => record.kind === "package")?.values[0], labels, source),
    devices: (Array.isArray(devices) ? devices : []).flatMap((device) => {
      const { PathOnHost: onNode, PathInContainer: insidePath } = toObject(device);
      return typeof onNode === "string" && typeof insidePath === "string" ? [{ inside: insidePath, onNode }] : [];
    }),
    overrides: overrideNames(variables.map((item) => item.split("=")[0] ?? "")),
  };
}

function dockerVersion(packageText: string | undefined, labels: unknown, source: string): Found<string> | undefined {
  const fromPackage = packageVersion(packageText ?? "");
  if (fromPackage !== undefined) return { value: fromPackage, source };
  const label = toObject(labels)["org.opencontainers.image.version"];
  return isVersion(label) ? { value: label, source: `${source} (image label)` } : undefined;
}

/** Where a path of the container is on the node; undefined if it is not on a mount. */
function toNodePath(mounts: readonly unknown[], inside: string): string | undefined {
  let best: { destination: string; source: string } | undefined;
  for (const mount of mounts) {
    const { Destination: destination, Source: source } = toObject(mount);
    if (typeof destination !== "string" || typeof source !== "string") continue;
    const holds = inside === destination || inside.startsWith(`${destination.replace(/\/$/, "")}/`);
    if (holds && destination.length > (best?.destination.length ?? -1)) best = { destination, source };
  }
  return best && posix.join(best.source, inside.slice(best.destination.length));
}

/** Version in a package.json, if that is Zigbee2MQTT's. */
export function packageVersion(text: string): string | undefined {
  const { name, version } = toObject(parseJson(text));
  return name === "zigbee2mqtt" && isVersion(version) ? version : undefined;
}

function isVersion(value: unknown): value is string {
  return typeof value === "string" && /^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]{0,40}$/.test(value);
}

function installDirectories(paths: readonly string[], source: string): Found<string>[] {
  const directories = paths
    .map((path) => posix.normalize(/\.(js|mjs|cjs)$/.test(path) ? posix.dirname(path) : path).replace(/(?<=.)\/+$/, ""))
    .filter((path) => path.startsWith("/") && path !== "/" && path.length < 1024 && !SYSTEM_PATHS.test(path));
  return [...new Set(directories)].slice(0, 16).map((value) => ({ value, source }));
}

function overrideNames(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => /^ZIGBEE2MQTT_CONFIG_[A-Z0-9_]{1,80}$/.test(name)))].slice(0, 20);
}

function absolute(path: string | undefined, source: string): Found<string> | undefined {
  if (path === undefined || !path.startsWith("/") || path.length > 1024 || /[\n\r]/.test(path)) return undefined;
  return { value: posix.normalize(path).replace(/(?<=.)\/+$/, ""), source };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
