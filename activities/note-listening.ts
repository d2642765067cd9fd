import { heardBefore, readListeningMemory, remember, writeListeningMemory } from "../generations/listening-memory.ts";
import type { ListeningContext, ListeningMemory } from "../generations/listening-memory.ts";
import type { Listening, SyncActivities } from "../workflows/activity-types.ts";
import { currentContext, didNotListen, isOnNetwork, listenOn, notListened, sharedCoordinator } from "./node/listen.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** A scan writes to the stick's flash twice, and takes the stick for some seconds. */
const EVERY_MS = 3_600_000;

/**
 * Listens while the active node is known to serve, and keeps on the standby whether it was heard. Within an hour of having heard
 * it, it only says so.
 */
export function noteListening(world: World): SyncActivities["noteListening"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      const memory = await readListeningMemory(at.host, at.node, signal);
      const known = await currentContext(at, input.active, signal);
      if (known && heardLately(memory, known)) return report(input.node, memory, known, false);

      const shared = isOnNetwork(at) ? await sharedCoordinator(world, at) : undefined;
      const heard = shared ? notListened(shared) : await listenOn(at, input.active, signal);
      if (!heard.listened) return didNotListen(input.node, heard.because);
      const { context, answered } = heard;
      const now = remember(memory, context, { at: new Date().toISOString(), ...answered });
      await writeListeningMemory(at.host, at.node, now, signal);
      return report(input.node, now, context, true);
    });
}

/** Whether the newest listening, in the same circumstances, heard the active one within the hour. */
function heardLately(memory: ListeningMemory | undefined, context: ListeningContext): boolean {
  const newest = memory?.listenings[0];
  const age = Date.now() - Date.parse(newest?.at ?? "");
  return newest?.coordinator === true && age >= 0 && age < EVERY_MS && heardBefore(memory, context, new Date()).ok;
}

function report(
  node: string,
  memory: ListeningMemory | undefined,
  context: ListeningContext,
  scanned: boolean,
): Listening {
  const before = heardBefore(memory, context, new Date());
  const newest = memory?.listenings[0];
  return {
    scanned,
    heard: newest?.coordinator ?? false,
    heardBefore: before.ok,
    detail: before.ok
      ? `${node}'s radio heard the active one at ${before.at}, and ${newest?.routers ?? 0} of its routers at last.`
      : `${node}'s radio would not prove anything by hearing nothing: ${before.because}.`,
  };
}
