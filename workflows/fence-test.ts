import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  executeChild,
  workflowInfo,
} from "@temporalio/workflow";
import type { FenceTestPlan, FenceTestStep } from "./activity-types.ts";
import { onNode, toService } from "./activities-proxy.ts";
import { beginRun } from "./begin-run.ts";
import { handoverId } from "./contract.ts";
import type { FenceTestInput, HandoverReport } from "./contract.ts";
import type { StepFailure } from "./failures.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { proveRung } from "./prove-rung.ts";
import type { RungProof } from "./prove-rung.ts";

/**
 * Proves which node goes when a rung is switched off: off, the node is gone and the others are not; on, it comes up under
 * another boot. It runs under the handover's id, so that nothing is handed over to a node that is being switched off.
 */
export async function fenceTest(input: FenceTestInput): Promise<HandoverReport> {
  const { service, node, by } = input;
  const { workflowId, runId } = workflowInfo();
  if (workflowId !== handoverId(service)) {
    throw ApplicationFailure.nonRetryable(
      `A fence test of ${service} must have the id ${handoverId(service)}, which is the lock.`,
      "BAD_INPUT",
    );
  }
  const run = beginRun({ service, kind: "fence-test", reason: `ordered by ${by}` });
  const { state, searchAttributes } = await toService.openHandover({ service, workflowId, runId });
  if (searchAttributes) run.makeSearchable(service);
  if (state.unfinished) {
    return run.verdict(
      "refused",
      "Refused before any change: a handover before it ended without a verdict. Next: wait until `understudy status` shows it settled.",
    );
  }
  let plan: FenceTestPlan;
  try {
    // A standby whose stick is being written must not lose its power.
    await run.step({ name: "cancelSync", title: "End a sync that is under way" }, () => onNode.cancelSync({ service }));
    plan = await run.step({ name: "planFenceTest", title: "See what there is to prove", node }, () =>
      onNode.planFenceTest({ ...input, ...(state.holder === undefined ? {} : { holder: state.holder }) }),
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return run.verdict("refused", `Refused before any change: ${error.failure.what}`);
  }
  return CancellationScope.nonCancellable(() => prove(run, input, plan));
}

async function prove(
  run: HandoverRun,
  { service, node, by }: FenceTestInput,
  plan: FenceTestPlan,
): Promise<HandoverReport> {
  const mappings: string[] = [];
  let { bootId } = plan;
  for (const rung of plan.rungs) {
    const { on, failure } = await switchOffAndOn(run, { service, node, rung, bootId, others: plan.others });
    if (failure) run.recorder.set({ error: { step: "proveRung", node, ...wordsOf(failure) } });
    const because = failure?.what ?? (on?.proven ? undefined : on?.detail);
    if (because !== undefined || !on) {
      const left = on ? "" : ` It may be without power: switch ${rung.name} on by hand, and see that ${node} boots.`;
      return run.verdict(
        "failed",
        `Not proven that ${rung.name} switches ${node}: ${because ?? "nothing was seen."}${left}`,
      );
    }
    bootId = on.bootId ?? bootId;
    mappings.push(rung.mapping);
    run.order({ verb: "fenceTested", by, node, mappings: [...mappings] });
  }
  const names = plan.rungs.map(({ name }) => name).join(" and ");
  return run.verdict(
    "done",
    `Proven: ${names} ${plan.rungs.length === 1 ? "switches" : "switch"} ${node} and nothing else.`,
  );
}

/** In a workflow of its own, so that the power comes back even where this one is terminated. */
async function switchOffAndOn(run: HandoverRun, step: FenceTestStep): Promise<RungProof> {
  const { service, node, rung } = step;
  try {
    return await run.step(
      { name: "proveRung", title: `Switch it off by ${rung.name}, and on again`, node },
      () =>
        executeChild(proveRung, {
          workflowId: `${handoverId(service)}:${run.report.runId}:rung-${rung.index}`,
          args: [step],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: `${node} is switched off by ${rung.name}, and on again`,
        }),
      ({ off, on, failure }) => [off?.detail, on?.detail, failure?.what].filter((words) => words).join("; "),
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { failure: error.failure };
  }
}

function wordsOf({ id, what, next }: StepFailure): { id: string; what: string; next: string } {
  return { id, what, next };
}
