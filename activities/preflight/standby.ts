import { processesLocking } from "../../hosts/process.ts";
import { addressOf, nodeReaches } from "../../hosts/reach.ts";
import { requireSwappable } from "../../generations/data-directory.ts";
import type { Finding } from "../../workflows/contract.ts";
import { passed, refused, run } from "./check.ts";
import type { Roles } from "./check.ts";
import { checkHandEdits } from "./hand-edits.ts";
import { checkRoom } from "./room.ts";
import { judgeVersions } from "./versions.ts";

const CONNECT_MS = 5_000;

type StandbyRole = Pick<Roles, "standby" | "signal">;

/** The standby is stopped and could take over: version, room, directory, broker, stick, and nobody's work would be lost. */
export async function checkStandby(roles: Roles, consent: { acceptEdits?: boolean }): Promise<Finding[]> {
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
    ...(await run("hand-edits", name, () => {
      const options = { active: active.node.name, mayReplace: consent.acceptEdits === true };
      return checkHandEdits(standby, options, roles.signal);
    })),
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
  const address = addressOf(node.mqttServer);
  const options = { python: node.coordinator.python, timeoutMs: CONNECT_MS, signal };
  if (address && (await nodeReaches(host, address, options)) === "yes")
    return passed("broker", node.name, `reaches the broker ${url.host}`);
  return refused(
    "broker",
    node.name,
    `The broker ${url.host} cannot be reached from the standby.`,
    `See whether ${url.host} is right for ${node.name} (mqtt.server under set: of the node) and whether a firewall is between them.`,
  );
}
