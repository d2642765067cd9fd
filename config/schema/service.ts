import { z } from "zod";
import { DEFAULTS } from "../defaults.ts";
import { failover, rotation, sync } from "./automation.ts";
import { node, nodeDefaults } from "./node.ts";
import { brokerUrl, duration, flag, localPath, secret } from "./values.ts";

const topic = z
  .string()
  .regex(/^[^\s+#/]([^\s+#]*[^\s+#/])?$/)
  .meta({ expected: "a topic without + and # and without a / at its ends", examples: ["zigbee2mqtt"] });

const mqtt = z
  .strictObject({
    server: brokerUrl.meta({ description: "The broker as the machine that runs Understudy reaches it. Without it: found in Zigbee2MQTT's configuration." }).optional(),
    user: z.string().min(1).max(1024).meta({ description: "User at the broker. Without it: found.", expected: "a user name", examples: ["understudy"] }).optional(),
    password: secret.meta({ description: "Password at the broker. Without it: found." }).optional(),
    ca: localPath.meta({ description: "CA certificate of the broker (PEM), on the machine that runs Understudy.", examples: ["mqtt-ca.pem"] }).optional(),
    rejectUnauthorized: flag
      .meta({ description: "Refuse a broker whose certificate cannot be verified. Without it: found.", default: DEFAULTS.mqtt.rejectUnauthorized })
      .optional(),
    baseTopic: topic.meta({ description: "Zigbee2MQTT's base topic. Without it: found.", default: DEFAULTS.mqtt.baseTopic }).optional(),
  })
  .meta({ description: "The MQTT broker, as far as it is not to be found on the nodes.", expected: "the broker's settings (server, user, …)" });

const policy = z
  .strictObject({
    keepGenerations: z
      .int()
      .min(1)
      .max(1000)
      .meta({ description: "Generations kept on each node.", expected: "a whole number from 1 to 1000", default: DEFAULTS.policy.keepGenerations, examples: [5] })
      .optional(),
    allowNewerStandby: flag
      .meta({ description: "Hand over to a node with a newer Zigbee2MQTT (there is no way back to the older one).", default: DEFAULTS.policy.allowNewerStandby })
      .optional(),
    proofTimeout: duration
      .meta({ description: "Time for the first device to answer after the start.", default: DEFAULTS.policy.proofTimeout })
      .optional(),
    counterMargin: z
      .int()
      .min(0)
      .max(1_000_000)
      .meta({
        description: "Frames added to every outgoing counter on a handover, beyond those that are computed.",
        expected: "a whole number from 0 to 1000000",
        default: DEFAULTS.policy.counterMargin,
        examples: [2500],
      })
      .optional(),
    rebootOldNode: flag.meta({ description: "Reboot the old node after a switchover.", default: DEFAULTS.policy.rebootOldNode }).optional(),
  })
  .meta({ description: "How handovers are done.", expected: "the policy's settings (keepGenerations, …)" });

export const service = z
  .strictObject({
    type: z
      .literal("zigbee2mqtt")
      .meta({ description: "What kind of service it is.", default: "zigbee2mqtt", examples: ["zigbee2mqtt"] })
      .optional(),
    nodes: z.array(node).min(2).max(16).meta({
      description: "The nodes, at least two. In which order they stand does not matter.",
      expected: "a list of at least 2 and at most 16 nodes",
      examples: [["pi@10.0.0.2", "pi@10.0.0.3"]],
    }),
    node: nodeDefaults.optional(),
    mqtt: mqtt.optional(),
    policy: policy.optional(),
    failover: failover.optional(),
    sync: sync.optional(),
    rotation: rotation.optional(),
  })
  .meta({ id: "service", expected: "a service's settings with its nodes", examples: [{ nodes: ["pi@10.0.0.2", "pi@10.0.0.3"] }] });

export type ServiceInput = z.input<typeof service>;
export type PolicyInput = z.input<typeof policy>;
