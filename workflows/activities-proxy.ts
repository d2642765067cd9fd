import { ActivityCancellationType, proxyActivities } from "@temporalio/workflow";
import type { ActivityOptions } from "@temporalio/workflow";
import type { HandoverActivities } from "./activity-types.ts";

/**
 * Errors say themselves whether trying again can help (ApplicationFailure.nonRetryable), so the policies only bound how
 * often. A step must have ended before its compensation runs: always WAIT_CANCELLATION_COMPLETED.
 */
const base: ActivityOptions = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  heartbeatTimeout: 6_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000, maximumAttempts: 4 },
};

/** Steps that read or change a node: bounded by the slowest radio (a whole NVRAM over 115,200 baud, three times). */
export const onNode = proxyActivities<HandoverActivities>({ ...base, startToCloseTimeout: 300_000, scheduleToCloseTimeout: 900_000 });

/** Bringing the old node back: keeps trying longer, since an outage lasts until it succeeds. */
export const bringingBack = proxyActivities<HandoverActivities>({
  ...base,
  startToCloseTimeout: 120_000,
  scheduleToCloseTimeout: 600_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000, maximumAttempts: 20 },
});

/** Talking to the `service` workflow. */
export const toService = proxyActivities<HandoverActivities>({
  ...base,
  startToCloseTimeout: 20_000,
  scheduleToCloseTimeout: 300_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10_000 },
});
