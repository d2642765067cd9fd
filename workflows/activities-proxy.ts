import { ActivityCancellationType, proxyActivities } from "@temporalio/workflow";
import type { ActivityOptions } from "@temporalio/workflow";
import type { AllActivities } from "./activity-types.ts";
import { summaryOf } from "./summaries.ts";

/**
 * Errors say themselves whether trying again can help (ApplicationFailure.nonRetryable), so the policies only bound how
 * often. A step must have ended before its compensation runs: always WAIT_CANCELLATION_COMPLETED.
 */
const base: ActivityOptions = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  heartbeatTimeout: 6_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000, maximumAttempts: 4 },
};

type AnyActivity = (input: object) => Promise<unknown>;

/** Activities with these options, each call with its summary for the Temporal UI. */
function inWords(options: ActivityOptions): AllActivities {
  const activities = proxyActivities<Record<keyof AllActivities, AnyActivity>>(options);
  return new Proxy({} as AllActivities, {
    get: (_target, name: keyof AllActivities) => (input: object) =>
      activities[name].executeWithOptions({ ...options, summary: summaryOf(name, input) }, [input]),
  });
}

/** Steps that read or change a node: bounded by the slowest radio (a whole NVRAM over 115,200 baud, three times). */
export const onNode = inWords({ ...base, startToCloseTimeout: 300_000, scheduleToCloseTimeout: 900_000 });

/** One attempt only, for a step whose caller must know what each attempt did. */
export const onNodeOnce = inWords({
  ...base,
  startToCloseTimeout: 300_000,
  scheduleToCloseTimeout: 900_000,
  retry: { maximumAttempts: 1 },
});

/** What the home should not wait for any longer, while nobody serves it. */
export const briefly = inWords({ ...base, startToCloseTimeout: 20_000, scheduleToCloseTimeout: 20_000 });

/** Bringing the old node back: keeps trying longer, since an outage lasts until it succeeds. After that `service` goes on. */
export const bringingBack = inWords({
  ...base,
  startToCloseTimeout: 300_000,
  scheduleToCloseTimeout: 1_200_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000, maximumAttempts: 10 },
});

/**
 * A node must not stay without power because nobody was there to switch it on: it waits for a worker however long that takes. Only
 * a device that does not obey for about a quarter of an hour is given up; that a node does not boot is known at the first attempt.
 */
export const givingPowerBack = inWords({
  ...base,
  startToCloseTimeout: 600_000,
  retry: {
    initialInterval: 500,
    backoffCoefficient: 2,
    maximumInterval: 30_000,
    maximumAttempts: 30,
    nonRetryableErrorTypes: ["HOST_UNREACHABLE"],
  },
});

/** Steps of a sync: another one follows in some minutes, so little is gained by trying long. */
export const onSync = inWords({
  ...base,
  startToCloseTimeout: 300_000,
  scheduleToCloseTimeout: 600_000,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 5_000, maximumAttempts: 2 },
});

/** Talking to the `service` workflow. */
export const toService = inWords({
  ...base,
  startToCloseTimeout: 20_000,
  scheduleToCloseTimeout: 300_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10_000 },
});
