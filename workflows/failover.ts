import { workflowInfo } from "@temporalio/workflow";
import type { Fitness, Opening, Takeover } from "./activity-types.ts";
import { briefly, onNode, toService } from "./activities-proxy.ts";
import { beginRun } from "./begin-run.ts";
import { handoverId } from "./contract.ts";
import type { FailoverInput, HandoverReport, Unfinished } from "./contract.ts";
import { delegate, refuseBadInput } from "./delegate.ts";
import { describeFailure } from "./failures.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { recoverHandover } from "./recover-handover.ts";
import { takenOutOf } from "./service-control.ts";
import { TakeOver } from "./take-over.ts";
import { ignoreStepFailure } from "./way-back.ts";

/**
 * A standby takes over from a node that is lost: fitness of the standby, fence, counters, start, proof. Resolves with the report
 * when the standby is proven to serve; every other end is an ApplicationFailure `HANDOVER_<OUTCOME>` whose first detail is the
 * report.
 */
export async function failover(input: FailoverInput): Promise<HandoverReport> {
  refuseBadInput(input, '{"service":"zigbee","by":"person"}');
  const { workflowId, runId } = workflowInfo();
  const { service, reason } = input;
  if (workflowId !== handoverId(service)) return delegate("failover", input);

  const run = beginRun({ service, kind: "failover", reason });
  const opening = await toService.openHandover({ service, workflowId, runId });
  if (opening.searchAttributes) run.makeSearchable(service);
  run.sawCounters(opening.state.highestCounters);

  const { unfinished } = opening.state;
  if (!unfinished) return takeOver(run, input, opening, opening.state.holder);
  const recovered = await recoverHandover(run, unfinished, opening);
  const { holder } = recovered;
  // Evidence was for the handover before it; and what is not known cannot be taken over, unless that was a planned one whose
  // old node is lost: then this is what it needs.
  const isLost = holder === undefined && unfinished.kind !== "failover";
  const isDone = input.by === "service" || holder === (input.to ?? unfinished.to);
  const isOver = holder === undefined ? !isLost : isDone;
  if (isOver) return run.verdict(recovered.outcome, recovered.message);
  const report = await takeOver(run, input, opening, holder ?? unfinished.from, isLost ? unfinished : undefined);
  return report;
}

/** `instead`: an unfinished handover that this one settles. */
async function takeOver(
  run: HandoverRun,
  input: FailoverInput,
  { state }: Opening,
  holder: string | undefined,
  instead?: Unfinished,
): Promise<HandoverReport> {
  const { service, by, to: wanted } = input;
  // A recovery in this run has used epochs of its own.
  const knownEpoch = Math.max(state.epoch, run.report.epoch ?? 0);
  let fitness: Fitness;
  try {
    await run
      .step({ name: "cancelSync", title: "End a sync that is under way" }, () => briefly.cancelSync({ service }))
      .catch(ignoreStepFailure);
    fitness = await run.step(
      { name: "checkFitness", title: "Check whether a standby could take over" },
      () =>
        onNode.checkFitness({
          service,
          ...(holder === undefined ? {} : { from: holder }),
          ...(wanted === undefined ? {} : { to: wanted }),
          offline: takenOutOf(state),
          copies: state.copies,
          epoch: knownEpoch,
          by,
        }),
      ({ to, findings }) =>
        to === undefined ? `${findings.filter(({ ok }) => !ok).length} in the way` : `${to} is fit`,
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return run.verdict("refused", `Refused, nothing was fenced: ${error.failure.what}`);
  }
  run.recorder.addFindings(fitness.findings);
  run.sawCounters(fitness.highestCounters);
  // Whatever comes of it, the checks used it on the standbys: a sync under the epoch before would be refused there.
  if (fitness.highestEpoch <= knownEpoch) run.recorder.set({ epoch: knownEpoch + 1 });
  if (by === "service" && fitness.highestEpoch > knownEpoch) {
    const why = `the nodes know epoch ${fitness.highestEpoch}, Temporal's database only ${knownEpoch}: it is older than the last handover.`;
    return run.verdict("refused", `Refused, nothing was fenced: ${why} Next: understudy adopt ${service}`);
  }
  const { from, to, takeover } = fitness;
  if (from === undefined || to === undefined || !takeover) {
    const first = fitness.findings.find(({ ok }) => !ok);
    const why = first ? `${first.node ? `${first.node}: ` : ""}${first.what}` : "no standby is fit.";
    return run.verdict("refused", `Refused, nothing was fenced: ${why}`);
  }
  return announceAndTakeOver(run, input, {
    from,
    to,
    takeover,
    instead,
    epoch: Math.max(knownEpoch, fitness.highestEpoch) + 1,
  });
}

interface Chosen {
  readonly from: string;
  readonly to: string;
  readonly takeover: Takeover;
  readonly epoch: number;
  readonly instead: Unfinished | undefined;
}

async function announceAndTakeOver(
  run: HandoverRun,
  { service, since }: FailoverInput,
  { from, to, takeover, epoch, instead }: Chosen,
): Promise<HandoverReport> {
  const handover = run.report.runId;
  run.heading(from, to, epoch);
  run.sawCounters(takeover.generation.counters);
  try {
    await toService.announceHandover({
      service,
      announced: { runId: handover, kind: "failover", from, to, epoch, takeover },
    });
  } catch (error) {
    const { what } = describeFailure(error);
    return run.verdict("refused", `Refused, nothing was fenced, because it could not be announced: ${what}`);
  }
  const plan = { service, from, to, epoch, handover, takeover, since: since ?? run.report.startedAt };
  const { outcome, message } = await new TakeOver(run, { ...plan, mayHaveSpoken: instead !== undefined }).run();
  if (instead && (outcome === "done" || outcome === "returned"))
    await toService.settleHandover({ service, runId: instead.runId });
  return run.verdict(outcome, message);
}
