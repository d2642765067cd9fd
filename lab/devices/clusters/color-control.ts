import { Zcl } from "zigbee-herdsman";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";
import { mayExecute, type OptionOverrides } from "./execution.ts";

const CLUSTER = "lightingColorCtrl";

interface MoveToColorTemperature extends OptionOverrides {
  /** Reciprocal megakelvin. */
  readonly colortemp: number;
}

function moveToColorTemperature(payload: MoveToColorTemperature, { attributes }: CommandContext): Reply {
  if (mayExecute(attributes, CLUSTER, payload)) {
    const coolest = attributes.number(CLUSTER, "colorTempPhysicalMin");
    const warmest = attributes.number(CLUSTER, "colorTempPhysicalMax");
    attributes.set(CLUSTER, "colorTemperature", Math.min(warmest, Math.max(coolest, payload.colortemp)));
  }
  return status(Zcl.Status.SUCCESS);
}

/** Color Control cluster of a light that knows colour temperatures only (Zigbee Cluster Library, section 5.2). */
export const colorControlCommands: CommandHandlers = {
  moveToColorTemp: moveToColorTemperature,
  stopMoveStep: () => status(Zcl.Status.SUCCESS),
};
