import { confirmData } from "../generations/data-directory.ts";
import { noteAsLeft } from "../generations/hand-edits.ts";
import { pruneGenerations } from "../generations/prune.ts";
import type { Host } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { HandoverActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { World } from "./support/world.ts";

/**
 * After the proof: what the new node kept for a way back is removed first, since a failover's old node may not be there; then
 * the old node is stopped and silent, its old copies removed, how its files are left noted, and rebooted if configured.
 */
export function leaveClean(world: World): HandoverActivities["leaveClean"] {
  return (input) =>
    step(async (signal) => {
      const current = await access(world, { ...input, node: input.successor });
      const { keepGenerations, rebootOldNode } = current.service.policy;
      await confirmData(current.host, current.node, signal);
      await pruneGenerations(current.host, current.node, keepGenerations);
      const old = await access(world, input);
      await old.manager.stop(signal);
      await old.coordinator.silence(signal);
      await pruneGenerations(old.host, old.node, keepGenerations);
      // Without the note only less is known of what a person changes there.
      await noteAsLeft(old.host, old.node, { again: true }, signal).catch(ignoreUnderstudyError);
      if (rebootOldNode) await reboot(old.host, signal);
    });
}

function ignoreUnderstudyError(error: unknown): void {
  if (!(error instanceof UnderstudyError)) throw error;
}

/** In the background, so that the connection's end is not mistaken for a failure. */
async function reboot(host: Host, signal: AbortSignal): Promise<void> {
  await host.run("(sleep 2; reboot) >/dev/null 2>&1 &", { privileged: true, exclusive: true, signal });
}
