import { heardBefore, readListeningMemory, seemsDeaf } from "../generations/listening-memory.ts";
import type { FailoverActivities } from "../workflows/activity-types.ts";
import { didNotListen, isOnNetwork, listenOn, notListened } from "./node/listen.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/**
 * Listens before the standby speaks. A coordinator of our network on the air is a veto, always. That none is heard counts only
 * where this radio has heard the active one before, and hears at all.
 */
export function listenForActive(world: World): FailoverActivities["listenForActive"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      const memory = await readListeningMemory(at.host, at.node, signal);
      // That it is not the coordinator of the lost node was found out while that could be asked, or never.
      const own = !isOnNetwork(at) || memory?.context.stick === at.node.coordinator.port;
      const heard = own
        ? await listenOn(at, input.active, signal)
        : notListened("it is not known whether the lost node has the same coordinator");
      if (!heard.listened) return didNotListen(input.node, heard.because);
      const { context, answered } = heard;
      const before = heardBefore(memory, context, new Date());
      const deaf = !answered.coordinator && before.ok && seemsDeaf(memory, answered.routers);
      const routers = `${answered.routers} of its routers`;
      const detail = answered.coordinator
        ? `${input.node}'s radio hears a coordinator of this network on the air, and ${routers}.`
        : `${input.node}'s radio hears no coordinator of this network, and ${routers}; ${meaning(before, deaf)}.`;
      return { scanned: true, heard: answered.coordinator, heardBefore: before.ok && !deaf, detail };
    });
}

function meaning(before: ReturnType<typeof heardBefore>, deaf: boolean): string {
  if (!before.ok) return `that means nothing, because ${before.because}`;
  if (deaf) return "that means nothing, because it heard several routers before and now seems to hear nothing at all";
  return `it heard the active one at ${before.at}`;
}
