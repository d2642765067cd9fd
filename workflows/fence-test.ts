import { ApplicationFailure, CancellationScope, workflowInfo } from "@temporalio/workflow";
import type { FenceTestPlan, FenceTestProof, FenceTestRung, FenceTestStep } from "./activity-types.ts";
import { bringingBack, onNode, onNodeOnce, toService } from "./activities-proxy.ts";
import { beginRun } from "./begin-run.ts";
import { handoverId } from "./contract.ts";
import type { FenceTestInput, HandoverReport } from "./contract.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";

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
    try {
      const result = await proveRung(run, { service, node, rung, bootId, others: plan.others });
      if (!result.proven) return await verdict(run, node, rung, result.detail);
      bootId = result.bootId ?? bootId;
      mappings.push(rung.mapping);
      run.order({ verb: "fenceTested", by, node, mappings: [...mappings] });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      run.failedBy(error);
      return await verdict(run, node, rung, error.failure.what);
    }
  }
  const names = plan.rungs.map(({ name }) => name).join(" and ");
  return run.verdict(
    "done",
    `Proven: ${names} ${plan.rungs.length === 1 ? "switches" : "switch"} ${node} and nothing else.`,
  );
}

function verdict(run: HandoverRun, node: string, rung: FenceTestRung, because: string): Promise<HandoverReport> {
  return run.verdict("failed", `Not proven that ${rung.name} switches ${node}: ${because}`);
}

/** Whatever became of the off, the power comes back. */
async function proveRung(run: HandoverRun, step: FenceTestStep): Promise<FenceTestProof> {
  const { node, rung } = step;
  let failure: StepFailed | undefined;
  try {
    await run.step(
      { name: "fenceTestOff", title: `Switch it off by ${rung.name}`, node },
      () => onNodeOnce.fenceTestOff(step),
      ({ detail }) => detail,
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    failure = error;
  }
  const back = await run.step(
    { name: "fenceTestOn", title: "Give it its power back", node },
    () => bringingBack.fenceTestOn(step),
    ({ detail }) => detail,
  );
  if (failure) throw failure;
  return back;
}
