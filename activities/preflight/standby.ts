import { processesLocking } from "../../hosts/process.ts";
import { requireSwappable } from "../../generations/data-directory.ts";
import type { Finding } from "../../workflows/contract.ts";
import { passed, refused, run } from "./check.ts";
import type { Roles } from "./check.ts";
import { checkRoom } from "./room.ts";
import { judgeVersions } from "./versions.ts";

/** Connects as Zigbee2MQTT will: `$1` host, `$2` port. Python is there anyway, for zigpy-znp. */
const CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()";

type StandbyRole = Pick<Roles, "standby" | "signal">;

/** The standby is stopped and could take over: version, room, directory, broker, stick. */
export async function checkStandby(roles: Roles): Promise<Finding[]> {
  const { active, standby, service } = roles;
  const name = standby.node.name;
  return [
    judgeVersions(active.node.version, standby.node.version, {
      standby: name,
      allowNewer: service.policy.allowNewerStandby,
    }),
    ...(await run("stick-present", name, () => checkPort(roles))),
    // Room for the generation, its unpacked form, and the swap.
    ...(await run("disk", name, () => checkRoom(roles, { on: standby, copies: 3, besideData: true }))),
    ...(await run("data-directory", name, async () => {
      await requireSwappable(standby.host, standby.node, roles.signal);
      return passed("data-directory", name, "Zigbee2MQTT's data directory can be exchanged");
    })),
    ...(await run("broker", name, () => checkBroker(roles))),
  ];
}

/** The stick is there by its path and nobody uses it. */
export async function checkPort({ standby: { host, node }, signal }: StandbyRole): Promise<Finding> {
  const { port } = node.coordinator;
  if (!port.startsWith("/")) return passed("stick-present", node.name, `the coordinator is at ${port}`);
  const present = await host.run('[ -c "$1" ]', { args: [port], privileged: true, signal });
  if (present.code !== 0) {
    return refused(
      "stick-present",
      node.name,
      `There is no coordinator at ${port}.`,
      "Plug the stick in, or set coordinator.port of the node to its path in /dev/serial/by-id.",
    );
  }
  const users = await processesLocking(host, port, signal);
  if (users.length === 0) return passed("stick-present", node.name, `the coordinator is at ${port}, in use by nobody`);
  const names = users.map(({ command, pid }) => `${command} (${pid})`).join(", ");
  return refused(
    "stick-present",
    node.name,
    `${names} uses the standby's coordinator.`,
    `End that process on ${node.name}.`,
  );
}

/** Zigbee2MQTT opens the radio before MQTT: without a broker it would leave it on the air and end. */
export async function checkBroker({ standby: { host, node }, signal }: StandbyRole): Promise<Finding> {
  const url = new URL(node.mqttServer);
  const port = url.port || (url.protocol === "mqtts:" ? "8883" : "1883");
  const result = await host.run('"$1" -c "$2" "$3" "$4"', {
    args: [node.coordinator.python, CONNECT, url.hostname.replace(/^\[|\]$/g, ""), port],
    timeoutMs: 15_000,
    signal,
  });
  if (result.code === 0) return passed("broker", node.name, `reaches the broker ${url.host}`);
  return refused(
    "broker",
    node.name,
    `The broker ${url.host} cannot be reached from the standby.`,
    `See whether ${url.host} is right for ${node.name} (mqtt.server under set: of the node) and whether a firewall is between them.`,
  );
}
