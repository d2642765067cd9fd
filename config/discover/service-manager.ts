import type { ServiceManagerConfig } from "../effective.ts";
import { ask, toRecords } from "./ask.ts";
import { notUnderstood, setInFile, type Found, type NodeContext } from "./found.ts";

/** Lists what could be Zigbee2MQTT under OpenRC, systemd and Docker: by its name, for Docker also by its image. */
const CANDIDATES_SCRIPT = `
if { [ -x /sbin/rc-service ] || command -v rc-service >/dev/null 2>&1; } && ! [ -d /run/systemd/system ]; then
  for file in /etc/init.d/*; do
    [ -f "$file" ] && [ -x "$file" ] || continue
    case \${file##*/} in
      *[!A-Za-z0-9_-]*) ;;
      *[zZ]igbee2[mM][qQ][tT][tT]*) printf 'openrc\\0%s\\0' "\${file##*/}" ;;
    esac
  done
fi
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then
  {
    systemctl list-unit-files --type=service --no-legend --no-pager '*zigbee2mqtt*'
    systemctl list-units --all --plain --type=service --no-legend --no-pager '*zigbee2mqtt*'
  } 2>/dev/null | head -c 65536 | while read -r unit state rest; do
    case $unit:$state in
      *@.service:*|*:alias|*:not-found|*:masked) ;;
      *.service:*) printf 'systemd\\0%s\\0' "$unit" ;;
    esac
  done
fi
if command -v docker >/dev/null 2>&1; then
  if list=$(docker ps --all --no-trunc --format '{{.Names}} {{.Image}}' 2>/dev/null); then
    printf '%s\\n' "$list" | head -c 65536 | while read -r name image; do
      case "$name $image" in
        *[zZ]igbee2[mM][qQ][tT][tT]*) printf 'docker\\0%s\\0' "$name" ;;
      esac
    done
  else
    printf 'docker-silent\\0%s\\0' ''
  fi
fi
`;

/** Containers of the Home Assistant Supervisor, which starts them again whatever we do. */
const SUPERVISED = /^(addon|app)_[a-z0-9]+_/;

/** What starts and stops Zigbee2MQTT on the node: as set, or the only thing there that looks like it. */
export async function findServiceManager(context: NodeContext): Promise<Found<ServiceManagerConfig>> {
  const { node } = context;
  if (node.manager) return { value: node.manager, source: setInFile(node.setAt, "service") };
  const fields = await ask(context.host, { script: CANDIDATES_SCRIPT, about: "its service manager" });
  const records = toRecords(fields, { openrc: 1, systemd: 1, docker: 1, "docker-silent": 1 });
  const found = new Map<string, ServiceManagerConfig>();
  for (const { kind, values } of records) {
    const manager = toManager(kind, values[0] ?? "");
    if (manager) found.set(describeManager(manager), manager);
  }
  const dockerSilent = records.some((record) => record.kind === "docker-silent");
  const supervised = [...found.values()].find(
    (manager) => manager.kind === "docker" && SUPERVISED.test(manager.container),
  );
  if (supervised) {
    throw notUnderstood(
      node.name,
      `${describeManager(supervised)} belongs to Home Assistant, which starts it again by itself.`,
      "set service.commands for this node to the commands of Home Assistant's command line (ha apps start|stop|info …).",
    );
  }
  const [only, ...others] = found.values();
  if (!only) {
    const docker = dockerSilent ? " Docker is installed, but did not answer this user." : "";
    throw notUnderstood(
      node.name,
      `No service of OpenRC or systemd and no Docker container looks like Zigbee2MQTT.${docker}`,
      "install Zigbee2MQTT as a service on the node, or set service for this node (openrc, systemd, docker or commands).",
    );
  }
  if (others.length > 0) {
    throw notUnderstood(
      node.name,
      `More than one thing looks like Zigbee2MQTT: ${[...found.keys()].join(", ")}.`,
      `set service for this node to the one that is meant, for example service: ${example(only)}.`,
    );
  }
  return { value: only, source: `found: ${describeManager(only)}` };
}

function toManager(kind: string, name: string): ServiceManagerConfig | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9@._:-]{0,127}$/.test(name)) return undefined;
  if (kind === "openrc") return { kind, name };
  if (kind === "systemd") return { kind, unit: name };
  if (kind === "docker") return { kind, container: name };
  return undefined;
}

/** "the systemd unit zigbee2mqtt.service" */
export function describeManager(manager: ServiceManagerConfig): string {
  switch (manager.kind) {
    case "openrc":
      return `the OpenRC service ${manager.name}`;
    case "systemd":
      return `the systemd unit ${manager.unit}`;
    case "docker":
      return `the Docker container ${manager.container}`;
    case "commands":
      return "commands of your own";
  }
}

function example(manager: ServiceManagerConfig): string {
  if (manager.kind === "openrc") return `{ openrc: ${manager.name} }`;
  if (manager.kind === "systemd") return `{ systemd: ${manager.unit} }`;
  return manager.kind === "docker" ? `{ docker: ${manager.container} }` : "{ commands: … }";
}
