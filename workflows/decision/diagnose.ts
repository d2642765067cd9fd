import type { Evidence } from "../../model/evidence.ts";

/** What the evidence shows, in one word and one sentence. docs/detection.md says what each means. */
export interface Diagnosis {
  readonly condition: Condition;
  /** One sentence for people: the facts that show it. */
  readonly facts: string;
}

export type Condition =
  | "serves"
  | "another-serves"
  | "stopped-on-purpose"
  /** Nobody can say enough; nothing follows from it. */
  | "broker-lost"
  | "out-of-our-reach"
  | "unconfirmed"
  | "coordinator-away"
  | NotServing;

/** The active node is seen not to serve. */
export type NotServing =
  | "ended"
  | "hangs"
  | "radio-dead"
  | "mesh-silent"
  | "dongle-gone"
  | "cut-off-from-broker"
  | "host-gone"
  | "host-frozen";

const NOT_SERVING: Readonly<Record<NotServing, true>> = {
  ended: true,
  hangs: true,
  "radio-dead": true,
  "mesh-silent": true,
  "dongle-gone": true,
  "cut-off-from-broker": true,
  "host-gone": true,
  "host-frozen": true,
};

export function isNotServing(condition: Condition): condition is NotServing {
  return condition in NOT_SERVING;
}

/** What went before that tells how a process that does not run came to its end. */
export interface Before {
  /** Zigbee2MQTT itself said that it was told to stop. */
  readonly stopSaid?: boolean;
  /** We stopped it for a restart that failed, and it has not run since; `coordinator`: because that does not answer. */
  readonly restartFailed?: "coordinator" | "otherwise";
}

/** What one look shows. */
export function diagnose(evidence: Evidence, before: Before = {}): Diagnosis {
  const { mqtt, active } = evidence;
  // A device that answers outweighs whatever else could not be seen.
  if (mqtt.deviceAnswers === "yes")
    return mqtt.isActive === "no"
      ? { condition: "another-serves", facts: `devices answer, but through another node than ${active}` }
      : { condition: "serves", facts: `devices answer through ${active}` };
  if (mqtt.processAnswers === "yes") return diagnoseRadio(evidence);
  return evidence.node.reachable === "yes" ? diagnoseProcess(evidence, before) : diagnoseHost(evidence);
}

/** Zigbee2MQTT answers on MQTT, no device does. */
function diagnoseRadio({ mqtt, active, node }: Evidence): Diagnosis {
  if (mqtt.isActive === "no")
    return {
      condition: "another-serves",
      facts: `a Zigbee2MQTT answers on MQTT, but it is another node's than ${active}'s`,
    };
  if (mqtt.coordinatorAnswers === "no") {
    if (node.donglePresent === "no" && !node.coordinatorOnNetwork)
      return { condition: "dongle-gone", facts: `${active}'s stick is not there any more` };
    return {
      condition: "radio-dead",
      facts: `Zigbee2MQTT on ${active} answers, but its coordinator does not and no device does`,
    };
  }
  if (mqtt.deviceAnswers === "no")
    return {
      condition: "mesh-silent",
      facts: `Zigbee2MQTT on ${active} answers, but none of the devices that were asked`,
    };
  return { condition: "serves", facts: `Zigbee2MQTT on ${active} answers` };
}

/** Zigbee2MQTT does not answer on MQTT, or could not be asked; its node can be asked. */
function diagnoseProcess({ mqtt, node, active }: Evidence, before: Before): Diagnosis {
  switch (node.process) {
    case "running":
      return diagnoseRunning({ mqtt, node, active });
    case "stopped":
    case "failed":
      return diagnoseEnded({ mqtt, node, active }, before);
    case "unknown":
      return {
        condition: "unconfirmed",
        facts: `what the service manager of ${active} does cannot be told${node.detail ? ` (${node.detail})` : ""}`,
      };
  }
}

type NodeView = Pick<Evidence, "mqtt" | "node" | "active">;

function diagnoseRunning({ mqtt, node, active }: NodeView): Diagnosis {
  if (mqtt.brokerReachable !== "yes" || mqtt.processAnswers !== "no")
    return {
      condition: "broker-lost",
      facts: `the broker cannot be reached from here, while Zigbee2MQTT runs on ${active}`,
    };
  if (node.donglePresent === "no" && !node.coordinatorOnNetwork)
    return {
      condition: "dongle-gone",
      facts: `${active}'s stick is not there any more, and Zigbee2MQTT does not answer`,
    };
  if (node.brokerReachable === "no")
    return {
      condition: "cut-off-from-broker",
      facts: `Zigbee2MQTT runs on ${active}, but ${active} cannot reach the broker, which we can`,
    };
  return { condition: "hangs", facts: `Zigbee2MQTT runs on ${active} and does not answer on MQTT` };
}

function diagnoseEnded({ node, active }: NodeView, { stopSaid, restartFailed }: Before): Diagnosis {
  // After a reboot nothing of what the service manager says is about the life before it.
  const sameLife = node.sameBoot !== "no";
  const stoppedByUs = sameLife && restartFailed !== undefined;
  const bySaying = node.stoppedOnPurpose === "unknown" && node.process === "stopped" && stopSaid === true;
  if (sameLife && !stoppedByUs && (node.stoppedOnPurpose === "yes" || bySaying))
    return { condition: "stopped-on-purpose", facts: `Zigbee2MQTT was stopped on ${active} itself` };
  // Zigbee2MQTT opens the radio before MQTT: without a broker a start only leaves it on the air.
  if (node.brokerReachable === "no")
    return {
      condition: "broker-lost",
      facts: `Zigbee2MQTT does not run on ${active}, and ${active} cannot reach the broker`,
    };
  if (node.donglePresent === "no")
    return node.coordinatorOnNetwork
      ? {
          condition: "coordinator-away",
          facts: `Zigbee2MQTT does not run on ${active}, and its network coordinator does not answer`,
        }
      : { condition: "dongle-gone", facts: `Zigbee2MQTT ended on ${active}, whose stick is not there any more` };
  if (stoppedByUs && restartFailed === "coordinator")
    return { condition: "radio-dead", facts: `${active}'s coordinator does not answer, not even after a reset` };
  return {
    condition: "ended",
    facts:
      node.sameBoot === "no"
        ? `${active} was rebooted and does not run Zigbee2MQTT`
        : `Zigbee2MQTT does not run on ${active} any more`,
  };
}

/** The node cannot be asked. It is lost only if MQTT and a standby say so as well. */
function diagnoseHost(evidence: Evidence): Diagnosis {
  const { mqtt, node, active, standbys } = evidence;
  const witnesses = standbys.filter(({ reachable }) => reachable === "yes");
  const seenBy = witnesses.find(({ reachesActive }) => reachesActive === "yes");
  if (mqtt.brokerReachable !== "yes")
    return { condition: "broker-lost", facts: `neither the broker nor ${active} can be reached from here` };
  if (seenBy)
    return {
      condition: "out-of-our-reach",
      facts: `${active} cannot be asked by SSH from here, but ${seenBy.node} reaches it`,
    };
  const missedBy = witnesses.find(({ reachesActive }) => reachesActive === "no");
  if (!missedBy || node.reachable !== "no" || mqtt.processAnswers !== "no" || node.answersPing === "unknown")
    return {
      condition: "unconfirmed",
      facts: `${active} cannot be asked, Zigbee2MQTT does not answer, and no standby can confirm that ${active} is lost`,
    };
  return node.answersPing === "no"
    ? {
        condition: "host-gone",
        facts: `${active} answers neither us nor ${missedBy.node}, and its Zigbee2MQTT does not answer on MQTT`,
      }
    : {
        condition: "host-frozen",
        facts: `${active} answers a ping only: no SSH to us or ${missedBy.node}, and no Zigbee2MQTT on MQTT`,
      };
}
