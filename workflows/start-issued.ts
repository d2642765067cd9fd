import { sleep } from "@temporalio/workflow";
import type { NodeStep, StartResult } from "./activity-types.ts";
import { onNodeOnce } from "./activities-proxy.ts";
import { describeFailure } from "./failures.ts";

const ATTEMPTS = 4;
const BACKOFF_MS = 1_000;

/**
 * Starts the service on a node and says by `issued` once a start may have been issued, which is the point of no return. Each
 * attempt is an activity of its own: the failure of the last one would not say whether an earlier one issued the start.
 */
export async function startIssued(step: NodeStep, issued: () => void): Promise<StartResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await onNodeOnce.startNode(step);
    } catch (error) {
      const failure = describeFailure(error);
      if (failure.issued) issued();
      if (!failure.retryable || attempt === ATTEMPTS) throw error;
    }
    await sleep(BACKOFF_MS * attempt);
  }
}
