import { CancellationScope } from "@temporalio/workflow";
import type { NodeStep } from "./activity-types.ts";
import { bringingBack, onNode, toService } from "./activities-proxy.ts";
import type { HandoverOutcome, Unfinished } from "./contract.ts";
import type { HandoverRun } from "./handover-run.ts";
import { StepFailed } from "./handover-run.ts";
import { decideRecovery } from "./recovery.ts";
import { goBack, ignoreStepFailure, serveAgain } from "./way-back.ts";

export interface Recovered {
  readonly outcome: HandoverOutcome;
  readonly message: string;
}

/** Completes or returns a handover that ended without a verdict, by what the nodes themselves say. Never rejects StepFailed. */
export async function recoverHandover(run: HandoverRun, unfinished: Unfinished): Promise<Recovered> {
  const { from, to, epoch } = unfinished;
  const service = run.report.service;
  const at = (node: string, nodeEpoch: number): NodeStep => ({ service, node, epoch: nodeEpoch, handover: unfinished.runId });
  run.heading(from, to, epoch);
  try {
    const facts = await run.step({ name: "readFacts", title: "Ask the nodes what they do" }, () => onNode.readFacts({ service }));
    const decision = decideRecovery(unfinished, facts);
    run.say(`An earlier handover from ${from} to ${to} ended without a verdict: ${decision.because}.`);
    const recovered = await CancellationScope.nonCancellable(() => carryOut(run, decision, at, unfinished));
    if (recovered.outcome !== "unknown") await toService.settleHandover({ service, runId: unfinished.runId });
    return recovered;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return { outcome: "unknown", message: `The handover from ${from} to ${to} could not be recovered: ${error.failure.what} ${error.failure.next}` };
  }
}

async function carryOut(
  run: HandoverRun,
  decision: ReturnType<typeof decideRecovery>,
  at: (node: string, epoch: number) => NodeStep,
  { from, to, epoch }: Unfinished,
): Promise<Recovered> {
  const lead = `The handover from ${from} to ${to} ended without a verdict; ${decision.because}`;
  switch (decision.action) {
    case "unknown":
      return { outcome: "unknown", message: `${lead}. Nothing was changed: look at the nodes, then start a switchover again.` };
    case "settled":
    case "return":
      // Before the old radio speaks, the new one is proven silent; the files can wait until the home works.
      if (decision.action === "return") {
        await run.step({ name: "silenceNode", title: "Silence the standby's radio", node: to, undo: true }, () => bringingBack.silenceNode(at(to, epoch)));
        await serveAgain(run, at(from, epoch + 1), { above: run.highestCounters, newRadioSpoke: false });
        run.recorder.set({ epoch: epoch + 1 });
      }
      await run.step({ name: "undoApplyConfig", title: "Put the standby's files back", node: to, undo: true }, () => onNode.undoApplyConfig(at(to, epoch))).catch(ignoreStepFailure);
      await run.step({ name: "undoTransferFile", title: "Remove what was transferred", node: to, undo: true }, () => onNode.undoTransferFile(at(to, epoch))).catch(ignoreStepFailure);
      return { outcome: "returned", message: `${lead}. ${from} serves.` };
    case "complete": {
      const started = await run.step({ name: "startNode", title: "Start the service", node: to }, () => onNode.startNode(at(to, epoch)));
      try {
        await run.step(
          { name: "proveNode", title: "See it serve: online, and devices answer", node: to },
          () => onNode.proveNode({ ...at(to, epoch), since: started.issuedAt }),
          (p) => `${p.answered} of ${p.asked} devices answered`,
        );
      } catch (error) {
        ignoreStepFailure(error);
        await goBack(run, at(to, epoch), at(from, epoch + 1), run.highestCounters);
        run.recorder.set({ epoch: epoch + 1 });
        return { outcome: "returned", message: `${lead}. ${to} could not be proven, ${from} serves again.` };
      }
      await run.step({ name: "leaveClean", title: "Leave the old node clean", node: from }, () => onNode.leaveClean({ ...at(from, epoch), successor: to })).catch(ignoreStepFailure);
      return { outcome: "done", message: `${lead}. ${to} serves.` };
    }
  }
}
