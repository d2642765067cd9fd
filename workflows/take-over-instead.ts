import { ActivityFailure, isCancellation } from "@temporalio/workflow";
import type { GenerationRef } from "./activity-types.ts";
import { onNode, onNodeOnce, toService } from "./activities-proxy.ts";
import type { Copy, Unfinished } from "./contract.ts";
import { isUnseen } from "./failures.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { takenOutOf } from "./service-control.ts";
import { TakeOver } from "./take-over.ts";
import type { Ending } from "./take-over.ts";

/** A planned handover that had stopped the service on the old node when a step failed. */
export interface HalfDone {
  readonly announced: Unfinished;
  readonly cause: StepFailed;
  /** ISO 8601. */
  readonly stoppedAt: string;
  /** The old radio was proven silent, and nothing was started there since. */
  readonly silenced: boolean;
  /** What was read from the old node, whether or not it has arrived. */
  readonly generation: GenerationRef | undefined;
  readonly copies: Readonly<Record<string, Copy>>;
}

/**
 * I6: where the old node was lost meanwhile, the handover goes on under the failover's rules, from the best copy that the
 * standby holds. Undefined where the old node is there, or the standby cannot take over: then the old node has to come back.
 */
export async function takeOverInstead(run: HandoverRun, halfDone: HalfDone): Promise<Ending | undefined> {
  const { announced, cause } = halfDone;
  const { service } = run.report;
  const { from, to, runId: handover } = announced;
  if (!isUnseen(cause.failure) || cause.failure.node !== from) return undefined;
  try {
    const facts = await run.step({ name: "readFacts", title: "See whether the old node is there", node: from }, () =>
      onNodeOnce.readFacts({ service }),
    );
    if (facts.some(({ node, reachable }) => node === from && reachable)) return undefined;
    const offline = await takenOut(service);
    const fitness = await run.step(
      { name: "checkFitness", title: "Check whether the standby could take over without it", node: to },
      () =>
        onNode.checkFitness({
          service,
          from,
          to,
          offline,
          copies: copiesOf(halfDone),
          epoch: announced.epoch,
          by: "service",
        }),
    );
    run.recorder.addFindings(fitness.findings);
    const { takeover } = fitness;
    if (!takeover) return undefined;
    run.sawCounters(fitness.highestCounters);
    // The epoch between is that of a way back.
    const epoch = Math.max(announced.epoch + 1, fitness.highestEpoch) + 1;
    run.heading(from, to, epoch);
    await toService.announceHandover({ service, announced: { ...announced, kind: "failover", epoch, takeover } });
    const plan = { service, from, to, epoch, handover, takeover, since: halfDone.stoppedAt };
    return await new TakeOver(
      run,
      halfDone.silenced ? { ...plan, provenOff: "this handover silenced its radio" } : plan,
    ).run();
  } catch (error) {
    // The standby stays as it is, and the report holds why.
    if (error instanceof StepFailed || error instanceof ActivityFailure || isCancellation(error)) return undefined;
    throw error;
  }
}

/** Nodes that a person took out, perhaps since the handover began: its own checks would not have let it begin else. */
async function takenOut(service: string): Promise<readonly string[]> {
  return takenOutOf(await toService.askService({ service }));
}

/** What was read just now, in case that it has arrived; else what the last sync left there. */
function copiesOf({ announced: { to }, generation, stoppedAt, copies }: HalfDone): Readonly<Record<string, Copy>> {
  return generation ? { ...copies, [to]: { generation, at: stoppedAt, preloaded: false } } : copies;
}
