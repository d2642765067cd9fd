import { Zcl } from "zigbee-herdsman";
import type { CommandHandlers } from "../cluster-commands.ts";
import { status } from "../frames.ts";
import { colorControlCommands } from "./color-control.ts";
import { groupsCommands } from "./groups.ts";
import { identifyCommands } from "./identify.ts";
import { levelControlCommands } from "./level-control.ts";
import { onOffCommands } from "./on-off.ts";
import { scenesCommands } from "./scenes.ts";

const basicCommands: CommandHandlers = {
  resetFactDefault: (_payload, context) => {
    context.resetToFactory();
    return status(Zcl.Status.SUCCESS);
  },
};

/** What these devices can be told, by zigbee-herdsman's names of clusters. A device obeys only the clusters it has. */
export const clusterCommands: Readonly<Record<string, CommandHandlers>> = {
  genBasic: basicCommands,
  genIdentify: identifyCommands,
  genGroups: groupsCommands,
  genScenes: scenesCommands,
  genOnOff: onOffCommands,
  genLevelCtrl: levelControlCommands,
  lightingColorCtrl: colorControlCommands,
};
