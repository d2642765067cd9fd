import type { SyncActivities } from "../workflows/activity-types.ts";
import { Bridge } from "../zigbee2mqtt/bridge.ts";
import { disturbance } from "./node/disturbance.ts";
import { step } from "./support/step.ts";
import { currentRun, nodeAccess } from "./support/world.ts";
import type { World } from "./support/world.ts";

const ANSWER_MS = 10_000;

/** What a handover would disturb on the node that serves. A node that cannot be asked is left to the preflight, which says so. */
export function findDisturbance(world: World): SyncActivities["findDisturbance"] {
  return (input) =>
    step(async (signal) => {
      const service = await world.service(input.service, { run: currentRun(), only: [input.node] });
      const node = service.nodes.find(({ name }) => name === input.node);
      if (!node) return undefined;
      const bridge = await Bridge.connect(service.broker, {
        timeoutMs: ANSWER_MS,
        topics: ["bridge/info", "bridge/devices"],
        signal,
      });
      try {
        return await disturbance(nodeAccess(world, service, node), bridge, signal);
      } finally {
        await bridge.close();
      }
    });
}
