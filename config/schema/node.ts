import { z } from "zod";
import { DEFAULTS } from "../defaults.ts";
import { coordinatorReset } from "./coordinator-reset.ts";
import { fencing } from "./fencing.ts";
import { duration, hostName, localPath, name, nodeAddress, nodePath, secret, shellCommand, tcpPort, userName } from "./values.ts";

const knownHosts = z
  .union([localPath, z.array(localPath).min(1)])
  .meta({
    description: "Files with the host keys to trust, all of them consulted.",
    expected: "a path or a list of paths",
    examples: ["known_hosts"],
    default: DEFAULTS.ssh.knownHosts,
  });

const sshKeys = {
  identityFile: localPath
    .meta({ description: "Private key. Without it: the agent, then the usual keys of ~/.ssh.", examples: ["~/.ssh/id_ed25519"] })
    .optional(),
  passphrase: secret.meta({ description: "Passphrase of the private key." }).optional(),
  agent: localPath
    .meta({ description: "Socket of an SSH agent. Without it: SSH_AUTH_SOCK.", examples: ["/run/user/1000/ssh-agent"] })
    .optional(),
  password: secret.meta({ description: "Login password, where keys are not possible." }).optional(),
  knownHosts: knownHosts.optional(),
};

/** What `jump` accepts; written out because it contains itself. */
export type JumpInput =
  | string
  | {
      host: string;
      user: string;
      port?: number | undefined;
      identityFile?: string | undefined;
      passphrase?: SecretInput | undefined;
      agent?: string | undefined;
      password?: SecretInput | undefined;
      knownHosts?: string | string[] | undefined;
      jump?: JumpInput | undefined;
    };

const jumpHost = z
  .strictObject({
    host: hostName.meta({ description: "The jump host." }),
    user: userName.meta({ description: "User there." }),
    port: tcpPort.meta({ description: "Its SSH port.", default: DEFAULTS.ssh.port }).optional(),
    ...sshKeys,
    get jump(): z.ZodOptional<z.ZodType<JumpInput, JumpInput>> {
      return jump.optional();
    },
  })
  .meta({ expected: "user@host or a jump host's settings" });

const jump: z.ZodType<JumpInput, JumpInput> = z
  .union([nodeAddress, jumpHost])
  .meta({
    id: "jump",
    description: "A host to go through. Keys and known_hosts not set here are those of the node.",
    expected: "user@host or a jump host's settings (host, user, …)",
    examples: ["pi@gateway.example"],
  });

const ssh = z
  .strictObject({
    ...sshKeys,
    jump: jump.optional(),
    keepalive: duration
      .meta({ description: "Time between keepalives; three without an answer end the connection.", default: DEFAULTS.ssh.keepalive })
      .optional(),
    connectTimeout: duration
      .meta({ description: "Time for connecting and logging in.", default: DEFAULTS.ssh.connectTimeout })
      .optional(),
  })
  .meta({ description: "How the node is reached.", expected: "SSH settings (identityFile, knownHosts, …)" });

const serviceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9@._:-]{0,127}$/)
  .meta({ expected: "a service's name", examples: ["zigbee2mqtt"] });

const commands = z
  .strictObject({
    start: shellCommand.meta({ description: "Starts the service." }),
    stop: shellCommand.meta({ description: "Stops the service.", examples: ["rc-service zigbee2mqtt stop"] }),
    status: shellCommand.meta({
      description: "Exit status 0: running, 1 or 3: stopped, others: unknown. May print the process id.",
      examples: ["rc-service zigbee2mqtt status"],
    }),
  })
  .meta({ description: "Commands of your own.", expected: "the commands start, stop and status" });

const service = z
  .strictObject({
    openrc: serviceName.meta({ description: "Name of an OpenRC service." }).optional(),
    systemd: serviceName
      .meta({ description: "Name of a systemd unit.", examples: ["zigbee2mqtt.service"] })
      .optional(),
    docker: serviceName.meta({ description: "Name of a Docker container." }).optional(),
    commands: commands.optional(),
  })
  .refine((managers) => Object.keys(managers).length === 1, { message: "needs exactly one of openrc, systemd, docker, commands" })
  .meta({
    description: "What starts and stops Zigbee2MQTT. Exactly one of these; without it: found on the node.",
    expected: "one of openrc, systemd, docker, commands with its name",
    examples: [{ systemd: "zigbee2mqtt.service" }],
  });

const zigbee2mqtt = z
  .strictObject({
    data: nodePath.meta({ description: "Zigbee2MQTT's data directory." }).optional(),
    directory: nodePath
      .meta({ description: "Where Zigbee2MQTT is installed; its data are in `data` below unless set.", examples: ["/opt/zigbee2mqtt"] })
      .optional(),
  })
  .meta({ description: "Where Zigbee2MQTT is on the node. Without it: found.", expected: "data and/or directory" });

const coordinatorDefaults = {
  port: z
    .string()
    .regex(/^(\/[^\0\n\r]+|tcp:\/\/[^\s/@]+:[0-9]{1,5})$/)
    .meta({
      description: "Serial port as the node sees it, best by its by-id path, or tcp://host:port.",
      expected: "a path such as /dev/serial/by-id/… or tcp://host:port",
      examples: ["/dev/serial/by-id/usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_0001-if00-port0"],
    })
    .optional(),
  python: z
    .string()
    .regex(/^[A-Za-z0-9._/-]+$/)
    .meta({
      description: "Python interpreter on the node; with driver zigpy-znp one that has it. Without it: found.",
      expected: "an interpreter's path or name",
      examples: ["/opt/zigpy/bin/python"],
    })
    .optional(),
  driver: z
    .enum(["zstack", "zigpy-znp"])
    .meta({
      description:
        "What reads and writes the coordinator: zstack, from here and with nothing installed on the node, or zigpy-znp, on the node.",
      default: DEFAULTS.driver,
      expected: "zstack or zigpy-znp",
      examples: ["zigpy-znp"],
    })
    .optional(),
  reset: coordinatorReset.optional(),
};

const serialNumber = z
  .string()
  .regex(/^[\x21-\x7e]{1,126}$/)
  .meta({ description: "USB serial number of the stick. Without it: found.", expected: "a USB serial number in quotes", examples: ["0001"] });

/** Keys that make a node another network's: they belong to the service, never to one node. */
const NETWORK_KEYS = /^(advanced\.(network_key|pan_id|ext_pan_id|channel)|devices|groups|version)(\.|$)/;

const set = z
  .record(
    z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/),
    z
      .union([z.string(), z.number(), z.boolean()])
      .meta({ expected: "a text, a number, true or false", examples: ["10.0.0.2"] }),
  )
  .refine((values) => !Object.keys(values).some((key) => NETWORK_KEYS.test(key)), {
    message: "holds a value of the Zigbee network, which must be the same on all nodes",
  })
  .meta({
    description: "This node's own values in Zigbee2MQTT's configuration.yaml, by dotted path. Added to those found.",
    expected: "dotted paths with their values",
    examples: [{ "frontend.host": "10.0.0.2" }],
  });

const common = {
  user: userName.meta({ description: "User to log in as: required here or below `node`." }),
  port: tcpPort.meta({ description: "SSH port.", default: DEFAULTS.ssh.port }).optional(),
  ssh: ssh.optional(),
  privilege: z
    .enum(["auto", "none", "sudo", "doas"])
    .meta({
      description: "How commands that need root are run. auto: nothing for root, else sudo, doas or nothing, whatever works.",
      default: DEFAULTS.privilege,
      examples: ["sudo"],
    })
    .optional(),
  sudoPassword: secret.meta({ description: "Password for sudo, where it asks for one." }).optional(),
  service: service.optional(),
  zigbee2mqtt: zigbee2mqtt.optional(),
  state: nodePath
    .meta({
      description: "Understudy's own directory on the node. Without it: /var/lib/understudy/NAME, or ~/.local/state/understudy/NAME without root (NAME: the service).",
      examples: ["/var/lib/understudy/zigbee"],
    })
    .optional(),
  set: set.optional(),
};

const coordinatorExpected = { description: "The node's Zigbee coordinator. Without it: found.", expected: "the coordinator's settings" };

/** One node, written out. */
const nodeObject = z.strictObject({
  name: name.meta({ description: "What the node is called everywhere. Without it: its host." }).optional(),
  host: hostName.meta({ description: "Host name or IP address." }),
  ...common,
  user: common.user.optional(),
  coordinator: z
    .strictObject({ ...coordinatorDefaults, serialNumber: serialNumber.optional() })
    .meta(coordinatorExpected)
    .optional(),
  fencing: fencing.optional(),
});

export const node = z.union([nodeAddress, nodeObject]).meta({
  id: "node",
  expected: "user@host or a node's settings (host, user, …)",
  examples: ["pi@10.0.0.2"],
});

/** What holds for every node of the service that does not say otherwise. */
export const nodeDefaults = z
  .strictObject({
    ...common,
    user: common.user.optional(),
    coordinator: z.strictObject(coordinatorDefaults).meta(coordinatorExpected).optional(),
  })
  .meta({ description: "Settings for all nodes of this service; a node's own win.", expected: "settings for all nodes" });

export type NodeInput = z.input<typeof nodeObject>;
export type NodeDefaultsInput = z.input<typeof nodeDefaults>;
export type SshInput = z.input<typeof ssh>;
export type SecretInput = z.input<typeof secret>;
