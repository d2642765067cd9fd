import { ApplicationFailure, CancellationScope, isCancellation, sleep } from "@temporalio/workflow";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { NodeStep, Takeover } from "./activity-types.ts";
import { briefly, bringingBack, givingPowerBack, onNode } from "./activities-proxy.ts";
import type { HandoverOutcome } from "./contract.ts";
import { isUnseen } from "./failures.ts";
import { StepFailed, stepInWords } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { proveFenced } from "./prove-fenced.ts";
import { appliedInWords, keptOnNode } from "./replaced-files.ts";
import { startIssued } from "./start-issued.ts";
import { goBack, ignoreStepFailure, serveAgain } from "./way-back.ts";

/** How it ended, for the verdict. */
export interface Ending {
  readonly outcome: HandoverOutcome;
  readonly message: string;
}

export interface TakeOverPlan {
  readonly service: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  /** Run id of the handover that was announced. */
  readonly handover: string;
  readonly takeover: Takeover;
  /** How the old node was proven off already: then it is not fenced. */
  readonly provenOff?: string;
  /** A run before this one may have started the standby: its radio may be on the air, and counted on from what was written. */
  readonly mayHaveSpoken?: boolean;
  /** When the home was last served, as far as it is known. ISO 8601. */
  readonly since: string;
}

/** A node that gets its power back boots before it can be asked: so often it is looked for, so far apart. */
const LOOKS = { afterPower: 18, otherwise: 2, apartMs: 10_000 };

/**
 * The standby takes over from a node that is lost: the old one proven off, the counters raised, started, proven. Nothing of
 * the standby is heard on the air before the fence is proven (I1), and until the start is issued every failure leads back to
 * the old node, under a newer epoch.
 */
export class TakeOver {
  readonly #run: HandoverRun;
  readonly #plan: TakeOverPlan;
  readonly #old: NodeStep;
  readonly #new: NodeStep;
  #startIssued = false;
  /** What the verdict says of the standby's own files. */
  #kept = "";

  constructor(run: HandoverRun, plan: TakeOverPlan) {
    this.#run = run;
    this.#plan = plan;
    this.#old = this.#at(plan.from);
    this.#new = this.#at(plan.to);
  }

  /** Never rejects StepFailed. */
  async run(): Promise<Ending> {
    try {
      const { from, provenOff } = this.#plan;
      const fenced = provenOff
        ? { outcome: "proven" as const, because: provenOff }
        : await proveFenced(this.#run, this.#old, this.#new);
      if (fenced.outcome === "serves-again") return await CancellationScope.nonCancellable(() => this.#leaveIt());
      this.#run.say(`${from} is off: ${fenced.because}`);
    } catch (error) {
      if (!isCancellation(error) && !(error instanceof StepFailed)) throw error;
      return CancellationScope.nonCancellable(() => this.#abandon());
    }
    try {
      await this.#untilStarted();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      this.#run.failedBy(error);
      if (!this.#startIssued) return CancellationScope.nonCancellable(() => this.giveWay(error));
      // The start may have taken effect: go on and look (I6).
    }
    return CancellationScope.nonCancellable(() => this.prove());
  }

  async #untilStarted(): Promise<void> {
    const run = this.#run;
    const { generation, write } = this.#plan.takeover;
    await this.#writeCoordinator(write);
    const applied = await run.step(
      { name: "applyConfig", title: "Put the files in place", node: this.#new.node },
      () => onNode.applyConfig({ ...this.#new, generation }),
      appliedInWords,
    );
    this.#kept = keptOnNode(applied, this.#new.node);
    await run.step({ name: "startNode", title: "Start the service", node: this.#new.node }, () =>
      startIssued(this.#new, () => (this.#startIssued = true)),
    );
  }

  async #writeCoordinator(write: Takeover["write"]): Promise<void> {
    const run = this.#run;
    const { generation, admitted } = this.#plan.takeover;
    const above = this.#above();
    const node = this.#new.node;
    if (write === "image") {
      const restored = await run.step(
        { name: "restoreNvram", title: "Write and verify the coordinator", node },
        () => onNode.restoreNvram({ ...this.#new, generation, highestCounters: above, admitted }),
        ({ counters }) => `read back and equal, counter ${counters.network}`,
      );
      return run.sawCounters(restored.counters);
    }
    if (write === "network") await this.#writeNetwork(above);
    const raised = await run.step(
      { name: "raiseCounters", title: "Raise the frame counters", node },
      () => onNode.raiseCounters({ ...this.#new, above, ...(write === "own counters" ? {} : { generation }) }),
      ({ counters }) => `from ${counters.network}`,
    );
    run.sawCounters(raised.counters);
  }

  async #writeNetwork(above: FrameCounters): Promise<void> {
    const { generation } = this.#plan.takeover;
    const node = this.#new.node;
    await this.#run.step(
      { name: "preloadCoordinator", title: "Write the network into the coordinator", node },
      async () => {
        const loaded = await onNode.preloadCoordinator({
          ...this.#new,
          generation,
          highestCounters: above,
          mayWrite: true,
          enrolBlankStick: false,
        });
        if (!loaded.preloaded) throw notLoaded(loaded.because);
        return loaded;
      },
      ({ written }) => `written: ${written}`,
    );
  }

  /** I3: above all that is known, and what the old radio may have sent since its counters were read. */
  #above(): FrameCounters {
    const { countersAt, framesPerSecond } = this.#plan.takeover;
    const seconds = Math.max(0, Date.now() - Date.parse(countersAt)) / 1_000;
    const ahead = Math.ceil(seconds * framesPerSecond);
    const { network, linkKeys } = this.#run.highestCounters;
    return { network: network + ahead, linkKeys: linkKeys + ahead };
  }

  /** Whether the standby serves, once its start was issued; it stays, whatever the devices say. */
  async prove(): Promise<Ending> {
    const run = this.#run;
    const { service, from, to, since } = this.#plan;
    try {
      const proof = await run.step(
        { name: "proveNode", title: "See it serve: online, and devices answer", node: to },
        () => onNode.proveNode({ ...this.#new, since }),
        (p) => `${p.answered} of ${p.asked} devices answered`,
      );
      run.recorder.set({
        outageMs: Math.max(0, Date.parse(proof.firstAnswerAt) - Date.parse(since)),
        error: undefined,
      });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      run.failedBy(error);
      return this.#unproven(error);
    }
    await run
      .step({ name: "leaveClean", title: "Leave the old node clean", node: from }, () =>
        briefly.leaveClean({ ...this.#old, successor: to }),
      )
      .catch(ignoreStepFailure);
    return { outcome: "done", message: `${service} runs on ${to}.${this.#kept}` };
  }

  async #unproven({ failure }: StepFailed): Promise<Ending> {
    const { from, to } = this.#plan;
    // Not to see it is no evidence against it (I8): it is left as it is, and `service` goes on asking.
    if (isUnseen(failure))
      return { outcome: "unknown", message: `Whether ${to} serves could not be seen: ${failure.what} ${failure.next}` };
    // Its radio is on, and the old node was lost: no other would be heard better.
    if (failure.id === "DEVICES_SILENT")
      return { outcome: "failed", message: `${to} runs, but serves badly, and stays: ${failure.what} ${failure.next}` };
    if (!(await this.#isBack())) {
      const message = `${to} could not be proven, and ${from} is not there to go back to: ${failure.what} ${failure.next}`;
      return { outcome: "failed", message };
    }
    try {
      const written = this.#run.highestCounters;
      await goBack(this.#run, this.#new, this.#anew(), { written, madeIn: madeIn(this.#plan.takeover.generation.id) });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      const message = `${failure.what} And the way back failed: ${error.failure.what} ${error.failure.next}`;
      return { outcome: isUnseen(error.failure) ? "unknown" : "failed", message };
    }
    this.#run.recorder.set({ epoch: this.#anew().epoch });
    return { outcome: "returned", message: `${to} could not be proven, ${from} serves again. ${failure.what}` };
  }

  /** The old node gets its power back, which starts nothing there; then it is looked for. */
  async #isBack(): Promise<boolean> {
    const { from, service } = this.#plan;
    const given = await this.#unfence();
    const looks = given === true ? LOOKS.afterPower : LOOKS.otherwise;
    for (let look = 1; ; look++) {
      const facts = await this.#run
        .step({ name: "readFacts", title: "See whether the old node is there", node: from, again: true }, () =>
          onNode.readFacts({ service }),
        )
        .catch(ignoreStepFailure);
      if (facts?.some(({ node, reachable }) => node === from && reachable)) return true;
      if (look === looks) return false;
      await sleep(LOOKS.apartMs);
    }
  }

  /** Whether anything was given back to it; undefined where it may be without power, or does not come up. */
  async #unfence(patiently = bringingBack): Promise<boolean | undefined> {
    const { from } = this.#plan;
    const report = await this.#run
      .step(
        { name: "unfenceNode", title: "Give the old node its power back", node: from, undo: true },
        () => patiently.unfenceNode(this.#anew()),
        ({ rungs }) => rungs.map(({ rung, ok }) => `${rung}: ${ok ? "done" : "failed"}`).join(", "),
      )
      .catch(ignoreStepFailure);
    return report?.rungs.some(({ ok }) => ok);
  }

  /**
   * The standby failed before its start was issued: it is taken out of service for this epoch, and the old node serves again
   * under a newer one.
   */
  async giveWay(cause: StepFailed): Promise<Ending> {
    const run = this.#run;
    const { from, to } = this.#plan;
    const failed = `${stepInWords(cause)} failed`;
    for (const [name, title, act] of [
      ["stopNode", "Make sure that the standby stays stopped", () => briefly.stopNode(this.#new)],
      ["silenceNode", "Silence the standby's radio", () => briefly.silenceNode(this.#new)],
    ] as const)
      await run.step<unknown>({ name, title, node: to, undo: true }, act).catch(ignoreStepFailure);
    let notBack: { what: string; next: string; unseen: boolean } | undefined;
    if (await this.#isBack()) {
      try {
        await this.#oldServesAgain();
      } catch (error) {
        if (!(error instanceof StepFailed)) throw error;
        notBack = { ...error.failure, unseen: isUnseen(error.failure) };
      }
    } else {
      notBack = { what: "It cannot be reached.", next: `bring ${from} or ${to} back.`, unseen: true };
    }
    await run
      .step({ name: "undoApplyConfig", title: "Put the standby's files back", node: to, undo: true }, () =>
        onNode.undoApplyConfig({ ...this.#new, madeIn: madeIn(this.#plan.takeover.generation.id) }),
      )
      .catch(ignoreStepFailure);
    if (notBack) {
      const { what, next, unseen } = notBack;
      const message = `${failed}: ${cause.failure.what} And ${from} could not be brought back: ${what} Both are tried again until one serves. Next: ${next}`;
      return { outcome: unseen ? "unknown" : "failed", message };
    }
    run.recorder.set({ epoch: this.#anew().epoch });
    return { outcome: "returned", message: `${failed}, ${from} serves again. ${cause.failure.what}` };
  }

  /** Rejects StepFailed. A standby that an earlier run may have started is proven silent first (I1), and counts (I3). */
  async #oldServesAgain(): Promise<void> {
    const run = this.#run;
    const { mayHaveSpoken, takeover } = this.#plan;
    const written = run.highestCounters;
    if (mayHaveSpoken) return goBack(run, this.#new, this.#anew(), { written, madeIn: madeIn(takeover.generation.id) });
    return serveAgain(run, this.#anew(), { above: written, newRadioSpoke: false, raise: true });
  }

  /** While a person was waited for, the old node came back by itself. */
  async #leaveIt(): Promise<Ending> {
    const { from } = this.#plan;
    await this.#unfence();
    this.#run.recorder.set({ waitsForPerson: undefined });
    return { outcome: "returned", message: `${from} serves again by itself; nothing was taken over.` };
  }

  /** Cancelled before the old node was proven off. What a rung of the ladder did to it is taken back. */
  async #abandon(): Promise<Ending> {
    const run = this.#run;
    const { from, service } = this.#plan;
    run.confirmation.close();
    run.recorder.set({ waitsForPerson: undefined, abandoned: true });
    // Nobody goes on with it, so it is not given up for want of a worker.
    const unpowered = (await this.#unfence(givingPowerBack)) === undefined;
    const facts = await run
      .step({ name: "readFacts", title: "See what the old node does", node: from, again: true }, () =>
        onNode.readFacts({ service }),
      )
      .catch(ignoreStepFailure);
    const old = facts?.find(({ node }) => node === from);
    const lead = "Cancelled before anything was started";
    if (old?.running === true) return { outcome: "returned", message: `${lead}; ${from} runs the service.` };
    if (old?.running !== false) {
      const power = unpowered ? ` It may be without power, or does not boot: look at it.` : "";
      return { outcome: "unknown", message: `${lead}; whether ${from} serves could not be seen.${power}` };
    }
    // Nobody goes on with it, so `service` must know the epoch even where the node got no further than that.
    run.recorder.set({ epoch: this.#anew().epoch });
    try {
      if (this.#plan.mayHaveSpoken) await this.#oldServesAgain();
      else await serveAgain(run, this.#anew(), { above: run.highestCounters, newRadioSpoke: false });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      return { outcome: "failed", message: `${lead}, and ${from} could not be brought back: ${error.failure.what}` };
    }
    return { outcome: "returned", message: `${lead}; ${from} serves again.` };
  }

  #at(node: string): NodeStep {
    const { service, epoch, handover } = this.#plan;
    return { service, node, epoch, handover };
  }

  /** The old node under the epoch of a way back. */
  #anew(): NodeStep {
    return { ...this.#old, epoch: this.#plan.epoch + 1 };
  }
}

function notLoaded(because = "It does not hold the network."): ApplicationFailure {
  const next = "See whether the stick is this node's own, and in use by nobody.";
  return ApplicationFailure.create({
    type: "COORDINATOR_WRITE_FAILED",
    message: because,
    nonRetryable: true,
    details: [{ what: because, next }],
  });
}

/** Ids of generations name the epoch under which they were made. */
function madeIn(generation: string): number {
  return Number(/-e(\d+)-/.exec(generation)?.[1] ?? 0);
}
