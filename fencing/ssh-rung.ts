import type { Coordinator } from "../coordinators/coordinator.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { LadderRung } from "./ladder.ts";

/** What the rung `ssh` does on the node; the node must take our commands (its claim) for each of them. */
export interface SshRungNode {
  readonly coordinator: Pick<Coordinator, "silence">;
  /** The grant revoked, the service stopped, and nothing uses the coordinator's port any more. */
  readonly stop: (signal: AbortSignal) => Promise<void>;
  /** Whether the coordinator's stick is no longer plugged in, as the node itself says. */
  readonly isUnplugged: (signal: AbortSignal) => Promise<boolean>;
}

/**
 * Stops the service through the node and proves its coordinator silent. `reach` is bounded by its caller: a lost node must not
 * keep the home waiting. `unplugged` is told where there was no coordinator to silence.
 */
export function sshRung(reach: (signal: AbortSignal) => Promise<SshRungNode>, unplugged: () => void): LadderRung {
  return {
    name: "ssh",
    proves: "radio off",
    async prove(signal) {
      const node = await reach(signal);
      await node.stop(signal);
      try {
        const { deviceState } = await node.coordinator.silence(signal);
        return `the service is stopped, and its coordinator was reset and is silent (state ${deviceState})`;
      } catch (error) {
        if (!(error instanceof UnderstudyError) || error.id !== "COORDINATOR_MISSING") throw error;
        if (await node.isUnplugged(signal)) unplugged();
        throw error;
      }
    },
  };
}
