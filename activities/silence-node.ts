import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** Stops the node's radio: stopping Zigbee2MQTT alone leaves its coordinator on the air (I1). */
export function silenceNode(world: World): HandoverActivities["silenceNode"] {
  return (input) =>
    step(async (signal) => {
      const { coordinator } = await access(world, input);
      const { deviceState } = await coordinator.silence(signal);
      return { deviceState };
    });
}
