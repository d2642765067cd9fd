import type { Finding } from "../../workflows/contract.ts";
import { Bridge } from "../../zigbee2mqtt/bridge.ts";
import type { BridgeInfo } from "../../zigbee2mqtt/payloads.ts";
import { judgeRunningNetwork } from "../../generations/judge.ts";
import { updatingDevices } from "../node/disturbance.ts";
import { readZigbee2MqttFiles } from "../node/zigbee2mqtt-files.ts";
import { passed, refused, run } from "./check.ts";
import type { Roles } from "./check.ts";
import { checkRoom } from "./room.ts";

const ANSWER_MS = 5_000;

/** The active node serves a network that its files describe, and nothing is going on that a handover would break. */
export async function checkActive(roles: Roles): Promise<Finding[]> {
  const name = roles.active.node.name;
  let info: BridgeInfo | undefined;
  const serving = await run("serves", name, async () => {
    const bridge = await Bridge.connect(roles.service.broker, { timeoutMs: ANSWER_MS, signal: roles.signal });
    try {
      if (!(await bridge.answers(ANSWER_MS, roles.signal))) {
        return refused(
          "serves",
          name,
          `Zigbee2MQTT does not answer on MQTT below ${roles.service.broker.baseTopic}/, although it runs.`,
          "Look at its log. A switchover is for a service that works.",
        );
      }
      info = await bridge.info(ANSWER_MS, roles.signal);
      return passed("serves", name, "Zigbee2MQTT answers on MQTT");
    } finally {
      await bridge.close();
    }
  });
  // The generation, and the archive that it is made of.
  const room = await run("disk", name, () => checkRoom(roles, { on: roles.active, copies: 2, besideData: false }));
  if (!info) return [...serving, ...room];
  const known = info;
  return [
    ...serving,
    ...room,
    known.permitJoin
      ? refused(
          "quiet",
          name,
          "Devices may join at the moment (permit join is on).",
          "Wait until it is over, or switch it off, then try again.",
        )
      : passed("quiet", name, "no device is joining"),
    ...(await run("quiet", name, () => checkUpdates(roles))),
    ...(await run("agreement", name, () => checkAgreement(roles, known))),
  ];
}

/** A device that receives its firmware over the air would have to begin anew. */
async function checkUpdates({ active: { host, node }, signal }: Roles): Promise<Finding> {
  const updating = await updatingDevices(host, node, signal);
  if (updating === 0) return passed("quiet", node.name, "no device is being updated");
  return refused(
    "quiet",
    node.name,
    `${updating} ${updating === 1 ? "device is" : "devices are"} being updated over the air.`,
    "Wait until the update is over, then try again.",
  );
}

/** I4, as far as it can be known while the coordinator is in use: configuration, backup and what Zigbee2MQTT says it runs. */
async function checkAgreement({ active: { host, node }, signal }: Roles, info: BridgeInfo): Promise<Finding> {
  const { configuration, backup } = await readZigbee2MqttFiles(host, node, signal);
  const problems = judgeRunningNetwork(configuration, backup, info);
  if (problems.length === 0) return passed("agreement", node.name, "configuration, backup and coordinator agree");
  return refused(
    "agreement",
    node.name,
    `Configuration, backup and coordinator do not agree: ${problems.join("; ")}. A standby started from them could form a new network.`,
    "See docs/troubleshooting.md, 'configuration does not match', before anything is restarted.",
  );
}
