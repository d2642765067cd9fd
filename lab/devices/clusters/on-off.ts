import { Zcl } from "zigbee-herdsman";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";

function switchTo(on: boolean, { attributes }: CommandContext): Reply {
  attributes.set("genOnOff", "onOff", on ? 1 : 0);
  return status(Zcl.Status.SUCCESS);
}

/** On/Off cluster (Zigbee Cluster Library, section 3.8). */
export const onOffCommands: CommandHandlers = {
  on: (_payload, context) => switchTo(true, context),
  off: (_payload, context) => switchTo(false, context),
  offWithEffect: (_payload, context) => switchTo(false, context),
  toggle: (_payload, context) => switchTo(context.attributes.number("genOnOff", "onOff") === 0, context),
};
