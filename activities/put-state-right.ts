import type { WatchmanActivities } from "../workflows/activity-types.ts";
import { Bridge } from "../zigbee2mqtt/bridge.ts";
import { step } from "./support/step.ts";
import { currentRun } from "./support/world.ts";
import type { World } from "./support/world.ts";

const CONNECT_MS = 5_000;
const ANSWER_MS = 3_000;

/**
 * The will of a node that was lost may come after the `online` of the one that serves, on the same retained topic; whoever
 * connects then takes the home for dead. Looked at once more just before, since nothing but the truth is to stand there.
 */
export function putStateRight(world: World): WatchmanActivities["putStateRight"] {
  return ({ service: name }) =>
    step(async (signal) => {
      const { broker } = world.remembered(name).service ?? (await world.service(name, { run: currentRun() }));
      const bridge = await Bridge.connect(broker, { timeoutMs: CONNECT_MS, signal });
      try {
        if (!(await bridge.answers(ANSWER_MS, signal))) return { published: false };
        if ((await bridge.state(ANSWER_MS, signal)) !== "offline") return { published: false };
        await bridge.putStateRight();
        return { published: true };
      } finally {
        await bridge.close();
      }
    });
}
