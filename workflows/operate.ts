import { ApplicationFailure, CancellationScope, workflowInfo } from "@temporalio/workflow";
import type { NodeFacts, NodeStep, Opening } from "./activity-types.ts";
import { briefly, bringingBack, onNode, toService } from "./activities-proxy.ts";
import { adoptByFacts, adoptByWord } from "./adoption.ts";
import { beginRun } from "./begin-run.ts";
import { handoverId } from "./contract.ts";
import type { HandoverReport, OperateInput, Operation } from "./contract.ts";
import { describeFailure, isUnseen } from "./failures.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { placeOf, standbyOf } from "./operation.ts";
import { nowHeldBy, recoverHandover } from "./recover-handover.ts";
import { ignoreStepFailure } from "./way-back.ts";

/**
 * Stops, starts or restarts the service where it is, or learns from the nodes who holds it (`adopt`). It runs under the
 * handover's id, so that nothing else changes the nodes meanwhile, and reports like one.
 */
export async function operate(input: OperateInput): Promise<HandoverReport> {
  const { workflowId, runId } = workflowInfo();
  if (workflowId !== handoverId(input.service)) {
    throw ApplicationFailure.nonRetryable(
      `An operation on ${input.service} must have the id ${handoverId(input.service)}, which is the lock.`,
      "BAD_INPUT",
    );
  }
  const run = beginRun({ service: input.service, kind: input.operation, reason: input.reason });
  let opening = await toService.openHandover({ service: input.service, workflowId, runId });
  if (opening.searchAttributes) run.makeSearchable(input.service);
  run.sawCounters(opening.state.highestCounters);
  if (input.operation !== "adopt" && opening.state.unfinished) {
    const recovered = await recoverHandover(run, opening.state.unfinished, opening);
    if (recovered.outcome === "unknown" || recovered.outcome === "failed")
      return run.verdict(recovered.outcome, recovered.message);
    opening = nowHeldBy(opening, recovered.holder);
  }
  try {
    return await carryOut(run, input, opening);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    const { what, next } = error.failure;
    const outcome = isUnseen(error.failure) ? "unknown" : "failed";
    const lead = input.operation === "adopt" ? "It could not be adopted" : FAILED[input.operation];
    return run.verdict(outcome, `${lead}: ${what} ${next}`);
  }
}

const FAILED: Readonly<Record<Exclude<Operation, "adopt">, string>> = {
  stop: "The service could not be stopped cleanly",
  start: "The service was not seen to serve after its start",
  restart: "The service was not seen to serve after its restart",
  reinit: "The copy could not be thrown away",
};

async function carryOut(run: HandoverRun, input: OperateInput, { state }: Opening): Promise<HandoverReport> {
  const { service, operation } = input;
  let facts: NodeFacts[];
  try {
    facts = await run.step({ name: "readFacts", title: "Ask the nodes what they do" }, () =>
      onNode.readFacts({ service }),
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return run.verdict("refused", `Refused before any change: ${error.failure.what}`);
  }
  if (operation === "adopt") return adopt(run, input, facts);

  const place = operation === "reinit" ? standbyOf(input.node, state, facts) : placeOf(operation, state, facts);
  if (place.node === undefined)
    return run.verdict("refused", `Refused before any change: ${place.because}. Next: ${place.next}`);
  const known = Math.max(state.epoch, run.report.epoch ?? 0, ...facts.map((node) => node.epoch));
  // What grants nothing needs no epoch of its own.
  const epoch = operation === "stop" || operation === "reinit" ? known : known + 1;
  if (operation === "reinit") run.recorder.set({ epoch });
  else run.heading(place.node, place.node, epoch);
  const step: NodeStep = { service, node: place.node, epoch, handover: run.report.runId };
  if (operation !== "start") await endSync(run, service);
  if (operation === "reinit") return CancellationScope.nonCancellable(() => reinit(run, input, step));
  if (operation === "stop") return CancellationScope.nonCancellable(() => stop(run, input, step));

  try {
    await toService.announceHandover({
      service,
      announced: { runId: step.handover, from: step.node, to: step.node, epoch },
    });
  } catch (error) {
    return run.verdict(
      "refused",
      `Refused before any change, because it could not be announced: ${describeFailure(error).what}`,
    );
  }
  return CancellationScope.nonCancellable(() => start(run, input, step));
}

/** One that cannot be ended is refused by the nodes, since what follows has a higher epoch. */
async function endSync(run: HandoverRun, service: string): Promise<void> {
  await run
    .step({ name: "cancelSync", title: "End a sync that is under way" }, () => briefly.cancelSync({ service }))
    .catch(ignoreStepFailure);
}

/** The copy is made anew by the next sync, which the command line starts at once. */
async function reinit(run: HandoverRun, { by }: OperateInput, step: NodeStep): Promise<HandoverReport> {
  const { node } = step;
  run.order({ verb: "forgetCopy", by, node });
  await run.step(
    { name: "discardCopy", title: "Throw the copy away", node },
    () => onNode.discardCopy(step),
    ({ generations }) => `${generations} generations`,
  );
  return run.verdict("done", `${node} holds no copy of ${step.service} any more; a sync makes it anew.`);
}

/** A service that a person stopped is meant to be down, even where its radio could not be proven silent. */
async function stop(run: HandoverRun, { service, by, reason }: OperateInput, step: NodeStep): Promise<HandoverReport> {
  await run.step({ name: "stopNode", title: "Stop the service", node: step.node }, () => onNode.stopNode(step));
  run.order({ verb: "stopped", by, ...(reason === undefined ? {} : { reason }) });
  await run.step(
    { name: "silenceNode", title: "Silence the radio", node: step.node },
    () => onNode.silenceNode(step),
    ({ deviceState }) => `reset seen, device state ${deviceState}`,
  );
  return run.verdict("done", `${service} is stopped on ${step.node}, and its radio is silent.`);
}

async function start(
  run: HandoverRun,
  { service, operation, by }: OperateInput,
  step: NodeStep,
): Promise<HandoverReport> {
  let stoppedAt: string | undefined;
  if (operation === "restart") {
    const stopped = await run.step({ name: "stopNode", title: "Stop the service", node: step.node }, () =>
      onNode.stopNode(step),
    );
    stoppedAt = stopped.issuedAt;
  }
  run.order({ verb: "started", by });
  const started = await run.step({ name: "startNode", title: "Start the service", node: step.node }, () =>
    bringingBack.startNode(step),
  );
  const proof = await run.step(
    { name: "proveNode", title: "See it serve: online, and devices answer", node: step.node },
    () => bringingBack.proveNode({ ...step, since: started.issuedAt }),
    (p) => `${p.answered} of ${p.asked} devices answered`,
  );
  if (stoppedAt) run.recorder.set({ outageMs: Date.parse(proof.firstAnswerAt) - Date.parse(stoppedAt) });
  return run.verdict("done", `${service} runs on ${step.node}.`);
}

/** Changes no node. What a person says of the holder counts, but for a node that is seen to run. */
async function adopt(run: HandoverRun, input: OperateInput, facts: readonly NodeFacts[]): Promise<HandoverReport> {
  const adoption = input.node === undefined ? adoptByFacts(facts) : adoptByWord(input.node, facts);
  if (adoption.holder === undefined)
    return run.verdict("refused", `Refused, nothing was changed: ${adoption.because}. Next: ${adoption.next}`);
  const { holder, epoch, highestCounters } = adoption;
  run.sawCounters(highestCounters);
  run.heading(holder, holder, epoch);
  run.order({ verb: "adopt", by: input.by, holder, epoch, highestCounters });
  return run.verdict("done", `${input.service} is held by ${holder} under epoch ${epoch}.`);
}
