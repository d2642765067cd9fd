import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import { CONFIRM_FENCED_UPDATE, PROGRESS_QUERY, TRY_AGAIN_SIGNAL } from "./contract.ts";
import type { ConfirmFenced, HandoverReport } from "./contract.ts";
import { HandoverRun } from "./handover-run.ts";
import { Recorder } from "./recorder.ts";

export const progressQuery = defineQuery<HandoverReport>(PROGRESS_QUERY);
export const confirmFencedUpdate = defineUpdate<HandoverReport, [ConfirmFenced]>(CONFIRM_FENCED_UPDATE);
export const tryAgainSignal = defineSignal(TRY_AGAIN_SIGNAL);

/** The run of the workflow that calls it: from here on it answers who asks for its progress, and who confirms a fence. */
export function beginRun(about: Pick<HandoverReport, "service" | "kind" | "reason">): HandoverRun {
  const { workflowId, runId } = workflowInfo();
  const run = new HandoverRun(new Recorder({ ...about, workflowId, runId, startedAt: new Date().toISOString() }));
  setHandler(progressQuery, () => run.report, { description: "The report so far: each step, its node, its time" });
  setHandler(
    confirmFencedUpdate,
    (confirmed) => {
      run.confirmation.accept(confirmed);
      return run.report;
    },
    {
      description: "A person says that the old node is off",
      validator: (confirmed) => {
        const refusal = run.confirmation.refusal(confirmed, run.report);
        if (refusal) throw ApplicationFailure.nonRetryable(refusal, "CONFIRMATION_REFUSED");
      },
    },
  );
  setHandler(tryAgainSignal, () => run.confirmation.askAgain(), {
    description: "While it waits for a person: fence and listen again at once",
  });
  return run;
}
