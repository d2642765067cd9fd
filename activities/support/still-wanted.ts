import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { UnderstudyError } from "../../model/errors.ts";

/**
 * Rejects EPOCH_SUPERSEDED where this attempt of the activity has been given up. To be asked right before what cannot be
 * claimed on a node: a worker that was frozen wakes in the middle of a step that others have done since, and must switch
 * nothing off any more.
 */
export async function requireStillWanted(client: Client): Promise<void> {
  const { activityId, attempt, workflowExecution } = Context.current().info;
  if (!workflowExecution) return;
  const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: workflowExecution,
  });
  const own = pendingActivities?.find((pending) => pending.activityId === activityId);
  if (own?.attempt === attempt) return;
  throw new UnderstudyError("EPOCH_SUPERSEDED", {
    what: "This step was given up while its worker was away, so nothing was switched.",
    next: "look at `understudy history`; this step must not go on.",
  });
}
