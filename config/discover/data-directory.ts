import { posix } from "node:path";
import { ask, toRecords } from "./ask.ts";
import { notUnderstood, setInFile, type Found, type NodeContext } from "./found.ts";
import { packageVersion, type ManagerFacts } from "./manager-facts.ts";

/** Where Zigbee2MQTT keeps its data on the node, and which version it is. */
export interface Installation {
  readonly data: Found<string>;
  readonly version: Found<string>;
}

/** Running processes that were given a data directory, or that are Node.js and stand in or run from a directory. */
const PROCESSES_SCRIPT = `
for file in $(grep -ls ZIGBEE2MQTT_DATA= /proc/[0-9]*/environ 2>/dev/null | head -n 50); do
  value=$(tr '\\0' '\\n' <"$file" 2>/dev/null | sed -n 's/^ZIGBEE2MQTT_DATA=//p' | head -n 1)
  printf 'data\\0%s\\0' "$value"
done
for process in /proc/[0-9]*; do
  name=
  { read -r name <"$process/comm"; } 2>/dev/null
  case $name in
    node*|MainThread)
      printf 'install\\0%s\\0' "$(readlink "$process/cwd" 2>/dev/null)"
      script=$(tr '\\0' '\\n' <"$process/cmdline" 2>/dev/null | sed -n '2{/^\\/.*js$/p;q;}' | head -c 1024)
      [ -z "$script" ] || printf 'install\\0%s\\0' "\${script%/*}"
      ;;
  esac
done
true
`;

/** For each directory: whether a configuration.yaml is in it, and its package.json. */
const PROBE_SCRIPT = `
for directory in "$@"; do
  configured=no
  [ -e "$directory/configuration.yaml" ] && configured=yes
  printf 'directory\\0%s\\0%s\\0%s\\0' "$directory" "$configured" "$(head -c 65536 "$directory/package.json" 2>/dev/null)"
done
`;

const USUAL_INSTALLS = [
  "/opt/zigbee2mqtt",
  "/usr/lib/node_modules/zigbee2mqtt",
  "/usr/local/lib/node_modules/zigbee2mqtt",
  "/srv/zigbee2mqtt",
];
const USUAL_DATA = ["/var/lib/zigbee2mqtt", "/var/lib/zigbee2mqtt/data", "/etc/zigbee2mqtt"];

/**
 * Finds the data directory: what the service manager says, else what running processes show, else the usual places. A
 * place that is only guessed counts if Zigbee2MQTT is installed beside it or a configuration.yaml is in it.
 */
export async function findInstallation(context: NodeContext, facts: ManagerFacts): Promise<Installation> {
  const { node } = context;
  const processes = await askProcesses(context);
  const usual = [...USUAL_INSTALLS, ...(context.home === "" ? [] : [posix.join(context.home, "zigbee2mqtt")])];
  const usualData = [...usual.map((path) => posix.join(path, "data")), ...USUAL_DATA];
  const fixed =
    node.dataDirectory === undefined ? facts.data : { value: node.dataDirectory, source: directorySource(context) };
  const installs = [
    ...(node.installDirectory === undefined
      ? []
      : [{ value: node.installDirectory, source: setInFile(node.setAt, "zigbee2mqtt.directory") }]),
    ...facts.installs,
    ...(fixed && posix.basename(fixed.value) === "data"
      ? [{ value: posix.dirname(fixed.value), source: `found beside ${fixed.value}` }]
      : []),
  ];
  const probe = await probeDirectories(context, [
    ...installs.map((found) => found.value),
    ...processes.data,
    ...processes.installs,
    ...usual,
    ...USUAL_DATA,
  ]);
  const data =
    fixed ??
    onlyOne(
      context,
      facts.installs.flatMap((found) => dataOf(probe, found.value, found.source)),
    ) ??
    onlyOne(
      context,
      processes.data
        .filter((path) => probe.get(path)?.configured)
        .map((value) => ({ value, source: "found in the environment of a running process" })),
    ) ??
    onlyOne(
      context,
      processes.installs.flatMap((path) => dataOf(probe, path, "found: a running process")),
    ) ??
    onlyOne(
      context,
      usualData
        .filter((path) => probe.get(path)?.configured)
        .map((value) => ({ value, source: "found: a usual place with a configuration.yaml" })),
    ) ??
    onlyOne(
      context,
      usual.flatMap((path) => dataOf(probe, path, `found: Zigbee2MQTT in ${path}`)),
    );
  if (!data) {
    throw notUnderstood(
      node.name,
      "Zigbee2MQTT's data directory was not found.",
      "set zigbee2mqtt.data for this node to the directory that holds configuration.yaml.",
    );
  }
  const places = [...installs.map((found) => found.value), posix.dirname(data.value), ...processes.installs, ...usual];
  return { data, version: facts.version ?? findVersion(probe, places) };
}

function directorySource({ node }: NodeContext): string {
  return setInFile(
    node.setAt,
    node.setAt["zigbee2mqtt.data"] === undefined ? "zigbee2mqtt.directory" : "zigbee2mqtt.data",
  );
}

interface Probed {
  readonly configured: boolean;
  readonly version: string | undefined;
}

async function askProcesses(context: NodeContext): Promise<{ data: string[]; installs: string[] }> {
  const fields = await ask(context.host, { script: PROCESSES_SCRIPT, about: "a running Zigbee2MQTT" });
  const records = toRecords(fields, { data: 1, install: 1 });
  const of = (kind: string): string[] => {
    const paths = records
      .filter((record) => record.kind === kind)
      .map((record) => (record.values[0] ?? "").replace(/(?<=.)\/+$/, ""));
    return [...new Set(paths.filter((path) => path.startsWith("/") && path !== "/" && path.length < 1024))].slice(
      0,
      20,
    );
  };
  return { data: of("data"), installs: of("install") };
}

async function probeDirectories(context: NodeContext, directories: readonly string[]): Promise<Map<string, Probed>> {
  const all = new Set(directories.flatMap((path) => [path, posix.join(path, "data")]));
  const fields = await ask(context.host, { script: PROBE_SCRIPT, args: [...all], about: "Zigbee2MQTT's directories" });
  const records = toRecords(fields, { directory: 3 });
  return new Map(
    records.map(({ values: [path = "", configured = "", packageText = ""] }) => [
      path,
      { configured: configured === "yes", version: packageVersion(packageText) },
    ]),
  );
}

/** The data directory of an installation, which is `data` below it unless Zigbee2MQTT is told otherwise. */
function dataOf(probe: ReadonlyMap<string, Probed>, install: string, source: string): Found<string>[] {
  const below = posix.join(install, "data");
  if (probe.get(install)?.version !== undefined || probe.get(below)?.configured) return [{ value: below, source }];
  return probe.get(install)?.configured ? [{ value: install, source }] : [];
}

/** The one place that was found; undefined if none. Two different ones are for the user to choose from. */
function onlyOne(context: NodeContext, places: readonly Found<string>[]): Found<string> | undefined {
  const distinct = [...new Set(places.map((place) => place.value))];
  if (distinct.length > 1) {
    throw notUnderstood(
      context.node.name,
      `Several directories could be Zigbee2MQTT's data directory: ${distinct.slice(0, 5).join(", ")}.`,
      "set zigbee2mqtt.data for this node to the one that is meant.",
    );
  }
  return places[0];
}

function findVersion(probe: ReadonlyMap<string, Probed>, places: readonly string[]): Found<string> {
  for (const place of places) {
    const version = probe.get(place)?.version;
    if (version !== undefined) return { value: version, source: `found in ${place}/package.json` };
  }
  return { value: "unknown", source: "not found (set zigbee2mqtt.directory)" };
}
