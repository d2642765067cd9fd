import { highestOf } from "../model/frame-counters.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { GenerationRef, NodeStep, StartResult } from "./activity-types.ts";
import { bringingBack, onNode } from "./activities-proxy.ts";
import type { HandoverRun } from "./handover-run.ts";
import { StepFailed } from "./handover-run.ts";

/** Frames to add when the new radio's own counter could not be read: Z-Stack's 1250 at its start, and time on the air. */
const UNREAD_COUNTER_MARGIN = 20_000;

/**
 * The old node serves again. Its counters are raised from its own dump where there is one; without a dump it resumes with
 * the 1250 that Z-Stack adds at each start, which covers the 1000 that it keeps in RAM only. Rejects StepFailed.
 */
export async function serveAgain(
  run: HandoverRun,
  step: NodeStep,
  from: { generation?: GenerationRef; above: FrameCounters; newRadioSpoke: boolean; raise?: boolean },
): Promise<void> {
  if (from.generation || from.newRadioSpoke || from.raise) {
    const raised = run.step(
      { name: "raiseCounters", title: "Raise the frame counters", node: step.node, undo: true },
      () => bringingBack.raiseCounters({ ...step, above: from.above, generation: from.generation }),
      ({ counters }) => `from ${counters.network}`,
    );
    if (from.newRadioSpoke) {
      run.sawCounters((await raised).counters);
    } else {
      // The new radio never spoke, so the old one may go on as it is; an outage would be worse.
      await raised.then(({ counters }) => run.sawCounters(counters)).catch(ignoreUnlessLost);
    }
  }
  const started = await startAgain(run, step, from.above);
  await run.step(
    { name: "proveNode", title: "See the old node serve", node: step.node, undo: true },
    () => bringingBack.proveNode({ ...step, since: started.issuedAt }),
    (proof) => `${proof.answered} of ${proof.asked} devices answered`,
  );
}

/** A write of its counters that did not end well left the coordinator marked; then it is written again, from what it holds. */
async function startAgain(run: HandoverRun, step: NodeStep, above: FrameCounters): Promise<StartResult> {
  const start = () =>
    run.step({ name: "startNode", title: "Start the old node again", node: step.node, undo: true }, () =>
      bringingBack.startNode(step),
    );
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof StepFailed) || error.failure.id !== "COORDINATOR_DIRTY") throw error;
    const { counters } = await run.step(
      { name: "raiseCounters", title: "Write the frame counters again", node: step.node, undo: true },
      () => bringingBack.raiseCounters({ ...step, above }),
      (raised) => `from ${raised.counters.network}`,
    );
    run.sawCounters(counters);
    return start();
  }
}

/**
 * After the point of no return: the new radio proven silent, the old one's counters above both, the old node started under a
 * newer epoch. Rejects StepFailed; where the new radio could not be proven silent the old node is never started (I1).
 */
export async function goBack(
  run: HandoverRun,
  newNode: NodeStep,
  oldNode: NodeStep,
  handover: { written: FrameCounters; madeIn: number },
): Promise<void> {
  const { written, madeIn } = handover;
  await run.step({ name: "stopNode", title: "Stop the new node", node: newNode.node, undo: true }, () =>
    bringingBack.stopNode(newNode),
  );
  await run.step({ name: "silenceNode", title: "Silence the new radio", node: newNode.node, undo: true }, () =>
    bringingBack.silenceNode(newNode),
  );
  let above: FrameCounters = {
    network: written.network + UNREAD_COUNTER_MARGIN,
    linkKeys: written.linkKeys + UNREAD_COUNTER_MARGIN,
  };
  try {
    const dump = await run.step(
      { name: "dumpNvram", title: "Read the new radio's counters", node: newNode.node, undo: true },
      () => onNode.dumpNvram(newNode),
      (g) => `counter ${g.counters.network}`,
    );
    above = highestOf(written, dump.counters);
  } catch (error) {
    ignoreStepFailure(error);
  }
  await serveAgain(run, oldNode, { above, newRadioSpoke: true });
  await run
    .step({ name: "undoApplyConfig", title: "Put the standby's files back", node: newNode.node, undo: true }, () =>
      bringingBack.undoApplyConfig({ ...newNode, madeIn }),
    )
    .catch(ignoreStepFailure);
}

/** A node that was not there for all those attempts is not there for the next step either: `service` goes on asking for it. */
function ignoreUnlessLost(error: unknown): void {
  ignoreStepFailure(error);
  if (error instanceof StepFailed && error.failure.id === "HOST_UNREACHABLE") throw error;
}

/** For steps whose failure is recorded in the report and must not stop the way back. Anything else is a bug and goes on up. */
export function ignoreStepFailure(error: unknown): undefined {
  if (!(error instanceof StepFailed)) throw error;
}
