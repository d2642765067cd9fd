import { z } from "zod";
import { FENCE_PROOFS } from "../../model/fence.ts";
import { DEFAULTS } from "../defaults.ts";
import { SNMP_AUTH, SNMP_PRIVACY } from "../fencing.ts";
import { SNMP_PRESET_NAMES } from "../snmp-presets.ts";
import { brokerUrl, duration, flag, hostName, secret, tcpPort } from "./values.ts";

const defaults = DEFAULTS.fencing;

const number = (what: string, least: number, most: number, example: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .meta({ description: what, expected: `a whole number from ${least} to ${most}`, examples: [example] });

/** What every rung that switches power may say. */
const power = {
  proves: z
    .enum(FENCE_PROOFS)
    .meta({
      description:
        "What its off proves. `radio off` where it powers a network coordinator. `network cut` never suffices for a take-over.",
      expected: "radio off, host off or network cut",
      examples: ["radio off"],
    })
    .optional(),
  trusted: flag
    .meta({
      description: "Use it although `understudy fence test` has not proven that it switches this node.",
      default: defaults.trusted,
    })
    .optional(),
  timeout: duration
    .meta({ description: "Time until it must read back off.", default: defaults.timeout, examples: ["20s"] })
    .optional(),
};

const deviceHost = hostName.meta({ description: "The device's host name or IP address.", examples: ["10.0.0.9"] });
const plugUser = z
  .string()
  .min(1)
  .max(256)
  .meta({ description: "User at it.", expected: "a user name", examples: ["admin"] });
const login = {
  user: plugUser.optional(),
  password: secret.meta({ description: "Password there." }).optional(),
};

const oid = z
  .string()
  .regex(/^\.?[0-2](\.[0-9]{1,10}){2,127}$/)
  .meta({ expected: "an OID in numbers, in quotes", examples: ["1.3.6.1.4.1.318.1.1.4.4.2.1.3.3"] });
const integer = (what: string) => number(what, -2_147_483_648, 2_147_483_647, 1);

const snmp = z
  .strictObject({
    host: deviceHost,
    port: tcpPort.meta({ description: "Its SNMP port (UDP).", default: defaults.snmpPort, examples: [161] }).optional(),
    preset: z
      .enum(SNMP_PRESET_NAMES)
      .meta({
        description: `A known kind of device: ${SNMP_PRESET_NAMES.join(", ")}. Without it: \`oid\`.`,
        expected: `one of ${SNMP_PRESET_NAMES.join(", ")}`,
        examples: ["apc-rpdu"],
      })
      .optional(),
    outlet: number("The outlet, with a preset of a PDU.", 1, 1024, 3).optional(),
    switchPort: number("The port (`poe`) or the interface's index (`ifadmin`) of a switch.", 1, 100_000, 7).optional(),
    group: number("The group of ports, with `poe`.", 1, 1024, 1).meta({ default: defaults.group }).optional(),
    oid: oid.meta({ description: "Without a preset: the integer that is written." }).optional(),
    on: integer("Written to switch it on.").optional(),
    off: integer("Written to switch it off.").optional(),
    statusOid: oid.meta({ description: "The integer that is read. Without it: `oid`." }).optional(),
    statusOn: integer("Read while it is on. Without it: `on`.").optional(),
    statusOff: integer("Read while it is off. Without it: `off`.").optional(),
    community: secret.meta({ description: "SNMP v2c: the community that may write." }).optional(),
    user: plugUser.meta({ description: "SNMP v3: the user.", examples: ["understudy"] }).optional(),
    auth: z
      .strictObject({
        protocol: z.enum(SNMP_AUTH).meta({ description: "How it signs.", expected: `one of ${SNMP_AUTH.join(", ")}`, examples: ["sha256"] }),
        password: secret.meta({ description: "Its password." }),
      })
      .meta({ description: "SNMP v3: authentication.", expected: "protocol and password" })
      .optional(),
    privacy: z
      .strictObject({
        protocol: z.enum(SNMP_PRIVACY).meta({ description: "How it encrypts.", expected: `one of ${SNMP_PRIVACY.join(", ")}`, examples: ["aes"] }),
        password: secret.meta({ description: "Its password." }),
      })
      .meta({ description: "SNMP v3: encryption.", expected: "protocol and password" })
      .optional(),
    ...power,
  })
  .meta({ description: "An outlet or port by SNMP.", expected: "an SNMP device's settings (host, preset, outlet, …)" });

const tasmota = z
  .strictObject({
    host: deviceHost.optional(),
    port: tcpPort.meta({ description: "Its HTTP port.", default: defaults.httpPort, examples: [80] }).optional(),
    server: brokerUrl
      .meta({ description: "By MQTT: the broker. Without it: `mqtt.server` of the service. Never one on the node itself." })
      .optional(),
    topic: z
      .string()
      .regex(/^[^\s+#/]([^\s+#]*[^\s+#/])?$/)
      .meta({ description: "By MQTT: the plug's own topic, as in `cmnd/TOPIC/POWER`.", expected: "the plug's topic", examples: ["attic-plug"] })
      .optional(),
    relay: number("Which of its relays.", 1, 32, 1).meta({ default: defaults.relay }).optional(),
    ...login,
    ...power,
  })
  .meta({ description: "A plug with Tasmota, by HTTP (`host`) or MQTT (`topic`).", expected: "a plug's settings (host or topic)" });

const shelly = z
  .strictObject({
    host: deviceHost,
    port: tcpPort.meta({ description: "Its HTTP port.", default: defaults.httpPort, examples: [80] }).optional(),
    generation: z
      .union([z.literal(1), z.literal(2)])
      .meta({ description: "1 for the first generation, 2 for all later ones.", expected: "1 or 2", default: defaults.generation, examples: [2] })
      .optional(),
    switch: number("Which of its switches, from 0.", 0, 31, 0).meta({ default: defaults.switch }).optional(),
    ...login,
    ...power,
  })
  .meta({ description: "A Shelly plug, by HTTP.", expected: "a plug's settings (host, …)" });

const optionName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/);

const agent = z
  .strictObject({
    name: z
      .string()
      .regex(/^(fence_[A-Za-z0-9_]+|\/[^\0\n\r]+)$/)
      .meta({ description: "The agent on the machine that runs Understudy.", expected: "an agent's name or absolute path", examples: ["fence_ipmilan"] }),
    options: z
      .record(
        optionName,
        z
          .union([z.string().regex(/^[^\0\n\r]*$/), z.number(), z.boolean()])
          .meta({ expected: "a text, a number, true or false", examples: ["10.0.0.9"] }),
      )
      .meta({ description: "Its options, as its manual names them; not `action`.", expected: "the agent's options", examples: [{ ip: "10.0.0.9" }] })
      .optional(),
    secrets: z
      .record(optionName, secret)
      .meta({ description: "Options that are secrets.", expected: "names with secrets", examples: [{ password: { file: "ipmi" } }] })
      .optional(),
    ...power,
  })
  .meta({ description: "A fence agent of ClusterLabs (package fence-agents).", expected: "an agent with its options" });

const controllerCommand = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]+$/)
  .meta({ expected: "a command for the shell of the machine that runs Understudy", examples: ["/usr/local/bin/attic-power off"] });

const command = z
  .strictObject({
    off: controllerCommand.meta({ description: "Switches it off." }),
    status: controllerCommand.meta({
      description: "Exit status 0: on, 2: off, others: not known. Without it nothing is proven.",
      examples: ["/usr/local/bin/attic-power status"],
    }),
    on: controllerCommand.meta({ description: "Switches it on again.", examples: ["/usr/local/bin/attic-power on"] }).optional(),
    ...power,
  })
  .meta({ description: "Commands of your own, on the machine that runs Understudy.", expected: "the commands off and status" });

const RUNGS = ["snmp", "tasmota", "shelly", "agent", "command"] as const;

const rung = z
  .union([
    z.enum(["ssh", "person"]),
    z
      .strictObject({
        snmp: snmp.optional(),
        tasmota: tasmota.optional(),
        shelly: shelly.optional(),
        agent: agent.optional(),
        command: command.optional(),
      })
      .refine((kinds) => RUNGS.filter((kind) => kinds[kind] !== undefined).length === 1, {
        message: `needs exactly one of ${RUNGS.join(", ")}`,
      }),
  ])
  .meta({
    expected: `ssh, person, or one of ${RUNGS.join(", ")} with its settings`,
    examples: ["ssh"],
  });

export const fencing = z
  .array(rung)
  .min(1)
  .max(8)
  .meta({
    description: "How it is proven that the node no longer serves, one rung after the other. See docs/fencing.md.",
    expected: "a list of at most 8 rungs, such as [ssh, person]",
    default: [...defaults.ladder],
    examples: [["ssh", "person"]],
  });

export type FencingInput = z.input<typeof fencing>;
export type RungInput = FencingInput[number];
export type SnmpInput = z.input<typeof snmp>;
export type TasmotaInput = z.input<typeof tasmota>;
export type ShellyInput = z.input<typeof shelly>;
export type AgentInput = z.input<typeof agent>;
export type CommandInput = z.input<typeof command>;
