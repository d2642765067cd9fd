import { z } from "zod";
import { DURATION_PATTERN } from "../duration.ts";
import { ADDRESS_PATTERN, HOST_PATTERN, parseNodeAddress, USER_PATTERN } from "../node-address.ts";

declare module "zod" {
  interface GlobalMeta {
    /** What belongs here, in words that complete "must be …". */
    expected?: string;
    /** The value, and keys inside it, must not be repeated in a message. */
    secret?: boolean;
  }
}

/** `15s`, `5m`; the resolved configuration holds milliseconds. */
export const duration = z
  .string()
  .regex(DURATION_PATTERN)
  .meta({ expected: "a duration such as 500ms, 15s, 5m or 1h", examples: ["15s"] });

export const tcpPort = z
  .int()
  .min(1)
  .max(65_535)
  .meta({ expected: "a port from 1 to 65535", examples: [22] });

export const userName = z
  .string()
  .regex(USER_PATTERN)
  .meta({ expected: "a user name", examples: ["pi"] });

export const hostName = z
  .string()
  .regex(HOST_PATTERN)
  .meta({ expected: "a host name or an IP address", examples: ["10.0.0.2"] });

/** `user@host[:port]` */
export const nodeAddress = z
  .string()
  .regex(ADDRESS_PATTERN)
  .refine((text) => !ADDRESS_PATTERN.test(text) || parseNodeAddress(text) !== undefined, {
    message: "has a port outside 1 to 65535",
  })
  .meta({ expected: "user@host or user@host:port", examples: ["pi@10.0.0.2"] });

/** A path on the machine where Understudy runs. */
export const localPath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0\n\r]+$/)
  .meta({ expected: "a path", examples: ["~/.ssh/id_ed25519"] });

/** A path on a node. */
export const nodePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0\n\r]*$/)
  .meta({ expected: "an absolute path on the node", examples: ["/opt/zigbee2mqtt/data"] });

/** A name that also serves as part of a path, a topic and a workflow id. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const name = z
  .string()
  .regex(NAME_PATTERN)
  .meta({ expected: "a name of letters, digits, dots, dashes and underscores (at most 63)", examples: ["attic"] });

/** A password and the like: from the environment, from a file, or (with a warning) in clear. */
export const secret = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    z.strictObject({ file: localPath }),
    z.string().min(1).max(4096),
  ])
  .meta({
    expected: "{ env: NAME }, { file: path } or a text in quotes",
    examples: [{ file: "mqtt-password" }],
    secret: true,
  });

export const brokerUrl = z
  .string()
  .regex(/^(mqtts?|wss?):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[^\s@]*)?$/)
  .meta({
    expected: "a broker's address such as mqtt://10.0.0.4:1883, without user and password",
    examples: ["mqtt://10.0.0.4:1883"],
  });

export const shellCommand = z
  .string()
  .min(1)
  .max(4096)
  .meta({ expected: "a command for the node's shell", examples: ["rc-service zigbee2mqtt start"] });

export const flag = z.boolean().meta({ expected: "true or false", examples: [true] });
