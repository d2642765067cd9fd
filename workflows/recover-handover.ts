import { CancellationScope } from "@temporalio/workflow";
import type { NodeFacts, NodeStep, Opening, UndoStep } from "./activity-types.ts";
import { bringingBack, onNode, toService } from "./activities-proxy.ts";
import type { HandoverOutcome, Unfinished } from "./contract.ts";
import { isUnseen } from "./failures.ts";
import type { HandoverRun } from "./handover-run.ts";
import { StepFailed } from "./handover-run.ts";
import { isFailover, recoverFailover } from "./recover-failover.ts";
import { decideRecovery } from "./recovery.ts";
import type { RecoveryDecision } from "./recovery.ts";
import { takenOutOf } from "./service-control.ts";
import { goBack, ignoreStepFailure, serveAgain } from "./way-back.ts";

export interface Recovered {
  readonly outcome: HandoverOutcome;
  readonly message: string;
  /** Who serves now; undefined where that is not known. */
  readonly holder?: string;
}

/**
 * Completes or returns a handover that ended without a verdict, by what the nodes themselves say and what a person ordered until
 * this run began. Never rejects StepFailed.
 */
export async function recoverHandover(
  run: HandoverRun,
  unfinished: Unfinished,
  { state }: Opening,
): Promise<Recovered> {
  const { from, to, epoch } = unfinished;
  const service = run.report.service;
  run.heading(from, to, epoch);
  try {
    const facts = await run.step({ name: "readFacts", title: "Ask the nodes what they do" }, () =>
      onNode.readFacts({ service }),
    );
    for (const { counters } of facts) run.sawCounters(counters);
    const decision = decideRecovery(unfinished, facts);
    run.say(`An earlier handover from ${from} to ${to} ended without a verdict: ${decision.because}.`);
    const recovered = isFailover(unfinished)
      ? await recoverFailover(run, unfinished, { facts, offline: takenOutOf(state) }, decision)
      : await CancellationScope.nonCancellable(() => new Recovery(run, unfinished, facts).carryOut(decision));
    const isOver = recovered.outcome !== "unknown" && recovered.outcome !== "failed";
    if (!isOver && !run.report.abandoned) return recovered;
    const holder = isOver ? (recovered.outcome === "done" ? to : from) : undefined;
    // What comes after it in this run may be refused, or never give a verdict: who serves must be known all the same.
    const found = {
      ...(holder === undefined ? {} : { holder }),
      epoch: run.report.epoch ?? epoch,
      highestCounters: run.highestCounters,
    };
    await toService.settleHandover({ service, runId: unfinished.runId, found });
    return { ...recovered, ...(holder === undefined ? {} : { holder }) };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return {
      outcome: "unknown",
      message: `The handover from ${from} to ${to} could not be recovered: ${error.failure.what} ${error.failure.next}`,
    };
  }
}

/** What a run knew when it began, after a recovery within it. */
export function nowHeldBy(opening: Opening, holder: string | undefined): Opening {
  return holder === undefined ? opening : { ...opening, state: { ...opening.state, holder } };
}

class Recovery {
  readonly #run: HandoverRun;
  readonly #unfinished: Unfinished;
  readonly #facts: readonly NodeFacts[];
  /** Above the handover's own and that of its way back, so that nothing they left behind takes effect any more. */
  readonly #epoch: number;

  constructor(run: HandoverRun, unfinished: Unfinished, facts: readonly NodeFacts[]) {
    this.#run = run;
    this.#unfinished = unfinished;
    this.#facts = facts;
    this.#epoch = Math.max(unfinished.epoch + 1, ...facts.map((node) => node.epoch)) + 1;
  }

  async carryOut({ action, because }: RecoveryDecision): Promise<Recovered> {
    const { from, to } = this.#unfinished;
    const what = from === to ? `A start of the service on ${to}` : `The handover from ${from} to ${to}`;
    const lead = `${what} ended without a verdict; ${because}`;
    switch (action) {
      case "unknown":
      // Only a failover is resumed.
      case "resume":
        return {
          outcome: "unknown",
          message: `${lead}. Nothing was changed: look at the nodes, then start a switchover again.`,
        };
      case "settled":
      case "return":
        return this.#return(action, lead);
      case "complete":
        return this.#complete(lead);
    }
  }

  /** Before the old radio speaks, the new one is proven silent; the files can wait until the home works. */
  async #return(action: "settled" | "return", lead: string): Promise<Recovered> {
    const { from, to } = this.#unfinished;
    const run = this.#run;
    const silenceNew = () =>
      run.step({ name: "silenceNode", title: "Silence the standby's radio", node: to, undo: true }, () =>
        bringingBack.silenceNode(this.#at(to)),
      );
    if (action === "return") await silenceNew();
    else if (this.#isStopped(to)) await silenceNew().catch(ignoreStepFailure);
    // One that runs is granted anew, and started again if a stop was still under way.
    run.recorder.set({ epoch: this.#epoch });
    await serveAgain(run, this.#at(from), { above: run.highestCounters, newRadioSpoke: false });
    if (from !== to && this.#isStopped(to)) await this.#tidy();
    return { outcome: "returned", message: `${lead}. ${from} serves.` };
  }

  async #tidy(): Promise<void> {
    const { to } = this.#unfinished;
    const undo: UndoStep = { ...this.#at(to), madeIn: this.#unfinished.epoch };
    const run = this.#run;
    await run
      .step({ name: "undoApplyConfig", title: "Put the standby's files back", node: to, undo: true }, () =>
        onNode.undoApplyConfig(undo),
      )
      .catch(ignoreStepFailure);
    await run
      .step({ name: "undoTransferFile", title: "Remove what was transferred", node: to, undo: true }, () =>
        onNode.undoTransferFile(undo),
      )
      .catch(ignoreStepFailure);
  }

  async #complete(lead: string): Promise<Recovered> {
    const { from, to, epoch } = this.#unfinished;
    const run = this.#run;
    run.recorder.set({ epoch: this.#epoch });
    // What may still be on its way to the old node, such as a start of the way back, is refused there from now on.
    const stopped = run.step({ name: "stopNode", title: "Make sure that the old node is stopped", node: from }, () =>
      onNode.stopNode(this.#at(from)),
    );
    await (this.#isStopped(to) ? stopped : stopped.catch(ignoreStepFailure));
    const started = await run.step({ name: "startNode", title: "Start the service", node: to }, () =>
      onNode.startNode(this.#at(to)),
    );
    try {
      await run.step(
        { name: "proveNode", title: "See it serve: online, and devices answer", node: to },
        () => onNode.proveNode({ ...this.#at(to), since: started.issuedAt }),
        (p) => `${p.answered} of ${p.asked} devices answered`,
      );
    } catch (error) {
      if (!(error instanceof StepFailed) || isUnseen(error.failure)) throw error;
      await goBack(run, this.#at(to), this.#at(from, this.#epoch + 1), { written: run.highestCounters, madeIn: epoch });
      run.recorder.set({ epoch: this.#epoch + 1 });
      return { outcome: "returned", message: `${lead}. ${to} could not be proven, ${from} serves again.` };
    }
    await run
      .step({ name: "leaveClean", title: "Leave the old node clean", node: from }, () =>
        onNode.leaveClean({ ...this.#at(from), successor: to }),
      )
      .catch(ignoreStepFailure);
    return { outcome: "done", message: `${lead}. ${to} serves.` };
  }

  #isStopped(name: string): boolean {
    return this.#facts.some(({ node, running }) => node === name && running === false);
  }

  #at(node: string, epoch = this.#epoch): NodeStep {
    return { service: this.#run.report.service, node, epoch, handover: this.#unfinished.runId };
  }
}
