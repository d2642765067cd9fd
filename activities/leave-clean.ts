import { confirmData } from "../generations/data-directory.ts";
import { pruneGenerations } from "../generations/prune.ts";
import type { Host } from "../hosts/host.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** After the proof: the old node stopped and silent, old copies removed on both, and a reboot of the old one if configured. */
export function leaveClean(world: World): HandoverActivities["leaveClean"] {
  return (input) =>
    step(async (signal) => {
      const [old, current] = await Promise.all([
        access(world, input),
        access(world, { ...input, node: input.successor }),
      ]);
      await old.manager.stop(signal);
      await old.coordinator.silence(signal);
      const { keepGenerations, rebootOldNode } = old.service.policy;
      await confirmData(current.host, current.node, signal);
      for (const { host, node } of [old, current]) await pruneGenerations(host, node, keepGenerations);
      if (rebootOldNode) await reboot(old.host, signal);
    });
}

/** In the background, so that the connection's end is not mistaken for a failure. */
async function reboot(host: Host, signal: AbortSignal): Promise<void> {
  await host.run("(sleep 2; reboot) >/dev/null 2>&1 &", { privileged: true, exclusive: true, signal });
}
