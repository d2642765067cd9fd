import { Zcl } from "zigbee-herdsman";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";
import { mayExecute, type OptionOverrides } from "./execution.ts";

const LOWEST = 1;
const HIGHEST = 254;

interface MoveToLevel extends OptionOverrides {
  readonly level: number;
}

function moveToLevel(payload: MoveToLevel, { attributes }: CommandContext): Reply {
  if (mayExecute(attributes, "genLevelCtrl", payload)) {
    attributes.set("genLevelCtrl", "currentLevel", withinRange(payload.level));
  }
  return status(Zcl.Status.SUCCESS);
}

/** Level 0 turns the light off and keeps the level for the next "on". */
function moveToLevelWithOnOff({ level }: MoveToLevel, { attributes }: CommandContext): Reply {
  attributes.set("genOnOff", "onOff", level === 0 ? 0 : 1);
  if (level !== 0) attributes.set("genLevelCtrl", "currentLevel", withinRange(level));
  return status(Zcl.Status.SUCCESS);
}

function withinRange(level: number): number {
  return Math.min(HIGHEST, Math.max(LOWEST, level));
}

/**
 * Level Control cluster (Zigbee Cluster Library, section 3.10). Transitions take no time here: the light is at its new
 * level at once, so there is never anything to stop.
 */
export const levelControlCommands: CommandHandlers = {
  moveToLevel,
  moveToLevelWithOnOff,
  stop: () => status(Zcl.Status.SUCCESS),
  stopWithOnOff: () => status(Zcl.Status.SUCCESS),
};
