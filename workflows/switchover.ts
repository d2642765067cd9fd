import { CancellationScope, workflowInfo } from "@temporalio/workflow";
import type { AdmittedStick, GenerationRef, Opening, PreflightResult } from "./activity-types.ts";
import { briefly, onNode, toService } from "./activities-proxy.ts";
import { beginRun } from "./begin-run.ts";
import { handoverId } from "./contract.ts";
import type { HandoverReport, ServiceState, SwitchoverInput, Unfinished } from "./contract.ts";
import { delegate, refuseBadInput } from "./delegate.ts";
import { describeFailure, isUnseen } from "./failures.ts";
import { StepFailed, stepInWords } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { MakeWay } from "./make-way.ts";
import { nowHeldBy, recoverHandover } from "./recover-handover.ts";
import { takenOutOf } from "./service-control.ts";
import { takeOverInstead } from "./take-over-instead.ts";
import type { Ending } from "./take-over.ts";
import { appliedInWords, keptOnNode } from "./replaced-files.ts";
import { startIssued } from "./start-issued.ts";
import { goBack, ignoreStepFailure, serveAgain } from "./way-back.ts";

/**
 * The planned handover. Resolves with the report when the new node is proven (`done`) or the rehearsal passed; every other
 * end is an ApplicationFailure `HANDOVER_<OUTCOME>` whose first detail is the report.
 */
export async function switchover(input: SwitchoverInput): Promise<HandoverReport> {
  refuseBadInput(input, '{"service":"zigbee","reason":"manual"}');
  const { workflowId, runId } = workflowInfo();
  if (workflowId !== handoverId(input.service)) return delegate("switchover", input);

  const { service, reason } = input;
  const run = beginRun({ service, kind: input.recover ? "recovery" : "switchover", reason });
  const makeWay = new MakeWay();
  let opening = await toService.openHandover({ service: input.service, workflowId, runId });
  if (opening.searchAttributes) run.makeSearchable(input.service);
  run.sawCounters(opening.state.highestCounters);

  const unfinished = input.recover ?? opening.state.unfinished;
  if (unfinished) {
    const recovered = await recoverHandover(run, unfinished, opening);
    if (input.recover || recovered.outcome === "unknown" || recovered.outcome === "failed")
      return run.verdict(recovered.outcome, recovered.message);
    opening = nowHeldBy(opening, recovered.holder);
  }
  return handOver(run, input, opening, makeWay);
}

async function handOver(
  run: HandoverRun,
  input: SwitchoverInput,
  opening: Opening,
  makeWay: MakeWay,
): Promise<HandoverReport> {
  // A recovery in this run has used epochs of its own.
  const knownEpoch = Math.max(opening.state.epoch, run.report.epoch ?? 0);
  let checked: PreflightResult;
  try {
    await run.step({ name: "cancelSync", title: "End a sync that is under way" }, () =>
      onNode.cancelSync({ service: input.service }),
    );
    checked = await run.step(
      { name: "preflight", title: "Check everything before the first change" },
      () =>
        makeWay.whileChecking(() =>
          onNode.preflight({
            service: input.service,
            to: input.to,
            holder: opening.state.holder,
            ...takenOut(opening.state),
            enrolBlankStick: input.enrolBlankStick === true,
            ...(input.acceptEdits ? { acceptEdits: true } : {}),
            epoch: knownEpoch,
          }),
        ),
      (result) => `${result.findings.filter((f) => f.ok).length} of ${result.findings.length} checks passed`,
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return run.verdict("refused", makeWay.refusal ?? `Refused before any change: ${error.failure.what}`);
  }
  run.recorder.addFindings(checked.findings);
  run.sawCounters(checked.highestCounters);
  // Whatever comes of it, the checks used it on the standby: a sync under the epoch before would be refused there.
  if (checked.highestEpoch <= knownEpoch) run.recorder.set({ epoch: knownEpoch + 1 });
  const refusals = checked.findings.filter((f) => !f.ok);
  const { from, to } = checked;
  if (refusals.length > 0 || !from || !to) {
    const first = refusals[0];
    return run.verdict(
      "refused",
      `Refused before any change: ${first ? `${first.node ? `${first.node}: ` : ""}${first.what}` : "no active node and standby could be told apart."}`,
    );
  }
  const epoch = Math.max(knownEpoch, checked.highestEpoch) + 1;
  run.heading(from, to, epoch);
  if (input.rehearse)
    return run.verdict("rehearsed", `Rehearsed: ${from} can hand ${input.service} over to ${to}. Nothing was changed.`);

  if (makeWay.refusal) return run.verdict("refused", makeWay.refusal);
  const announced: Unfinished = { runId: run.report.runId, from, to, epoch };
  try {
    await toService.announceHandover({ service: input.service, announced });
  } catch (error) {
    return run.verdict(
      "refused",
      `Refused before any change, because it could not be announced: ${describeFailure(error).what}`,
    );
  }
  if (makeWay.refusal) return run.verdict("refused", makeWay.refusal);
  const { copies } = opening.state;
  return new Switchover(run, announced, { admitted: checked.admitted ?? { enrolled: false }, copies }).run();
}

function takenOut(state: ServiceState): { takenOut?: readonly string[] } {
  const nodes = takenOutOf(state);
  return nodes.length > 0 ? { takenOut: nodes } : {};
}

type Copies = ServiceState["copies"];

interface Undo {
  /** Runs when a later step failed. Must not reject for what the report may just carry. */
  (): Promise<void>;
}

/** The saga: each compensation is registered before its step, because a step that timed out may have taken effect. */
class Switchover {
  readonly #run: HandoverRun;
  readonly #from: string;
  readonly #to: string;
  readonly #epoch: number;
  readonly #service: string;
  readonly #handover: string;
  readonly #announced: Unfinished;
  readonly #admitted: AdmittedStick;
  readonly #copies: Copies;
  /** What has to be undone for the home to be served again, in the order in which it was done. */
  readonly #undo: Undo[] = [];
  /** What else is undone, once the home is served again. */
  readonly #tidy: Undo[] = [];
  #generation: GenerationRef | undefined;
  #startIssued = false;
  #stoppedAt = "";
  #silenced = false;
  /** What the verdict says of the standby's own files. */
  #kept = "";

  constructor(run: HandoverRun, announced: Unfinished, options: { admitted: AdmittedStick; copies: Copies }) {
    this.#announced = announced;
    this.#admitted = options.admitted;
    this.#copies = options.copies;
    this.#run = run;
    this.#service = run.report.service;
    this.#from = announced.from;
    this.#to = announced.to;
    this.#epoch = announced.epoch;
    this.#handover = announced.runId;
  }

  async run(): Promise<HandoverReport> {
    try {
      await this.#untilNoReturn();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      this.#run.failedBy(error);
      const ending = await this.#takeOverInstead(error);
      if (ending) return this.#run.verdict(ending.outcome, ending.message);
      if (!this.#startIssued) return CancellationScope.nonCancellable(() => this.#return(error));
      // The start may have taken effect: go on and look (I6).
    }
    return CancellationScope.nonCancellable(() => this.#prove());
  }

  #at(node: string, epoch = this.#epoch) {
    return { service: this.#service, node, epoch, handover: this.#handover };
  }

  async #untilNoReturn(): Promise<void> {
    const run = this.#run;
    const [oldNode, newNode] = [this.#at(this.#from), this.#at(this.#to)];

    this.#undo.push(() =>
      serveAgain(run, this.#at(this.#from, this.#epoch + 1), {
        generation: this.#generation,
        above: run.highestCounters,
        newRadioSpoke: false,
      }),
    );
    const stopped = await run.step({ name: "stopNode", title: "Stop the service", node: this.#from }, () =>
      onNode.stopNode(oldNode),
    );
    this.#stoppedAt = stopped.issuedAt;
    await run.step(
      { name: "silenceNode", title: "Silence the radio", node: this.#from },
      () => onNode.silenceNode(oldNode),
      ({ deviceState }) => `reset seen, device state ${deviceState}`,
    );
    this.#silenced = true;
    const generation = await run.step(
      { name: "dumpNvram", title: "Read the coordinator and the files", node: this.#from },
      () => onNode.dumpNvram(oldNode),
      (g) => `${Math.ceil(g.bytes / 1024)} KiB, counter ${g.counters.network}`,
    );
    this.#generation = generation;
    run.sawCounters(generation.counters);

    this.#tidy.push(
      this.#onStandby("undoTransferFile", "Remove what was transferred", () =>
        onNode.undoTransferFile({ ...newNode, madeIn: this.#epoch }),
      ),
    );
    await run.step(
      { name: "transferFile", title: `Copy it from ${this.#from}`, node: this.#to },
      () =>
        onNode.transferFile({ service: this.#service, from: this.#from, to: this.#to, epoch: this.#epoch, generation }),
      ({ bytes }) => `${Math.ceil(bytes / 1024)} KiB`,
    );

    this.#undo.push(this.#onStandby("silenceNode", "Silence the standby's radio", () => briefly.silenceNode(newNode)));
    const restored = await run.step(
      { name: "restoreNvram", title: "Write and verify the coordinator", node: this.#to },
      () =>
        onNode.restoreNvram({ ...newNode, generation, highestCounters: run.highestCounters, admitted: this.#admitted }),
      (r) => `read back and equal, counter ${r.counters.network}`,
    );
    run.sawCounters(restored.counters);

    this.#tidy.push(
      this.#onStandby("undoApplyConfig", "Put the standby's files back", () =>
        onNode.undoApplyConfig({ ...newNode, madeIn: this.#epoch }),
      ),
    );
    const applied = await run.step(
      { name: "applyConfig", title: "Put the files in place", node: this.#to },
      () => onNode.applyConfig({ ...newNode, generation }),
      appliedInWords,
    );
    this.#kept = keptOnNode(applied, this.#to);

    await run.step({ name: "startNode", title: "Start the service", node: this.#to }, () =>
      startIssued(newNode, () => (this.#startIssued = true)),
    );
  }

  #onStandby(name: string, title: string, act: () => Promise<unknown>): Undo {
    return () =>
      this.#run
        .step({ name, title, node: this.#to, undo: true }, act)
        .then(() => undefined)
        .catch(ignoreStepFailure);
  }

  /** I6: where the old node was lost once the service was stopped there, and the standby can do without it. */
  async #takeOverInstead(cause: StepFailed): Promise<Ending | undefined> {
    if (this.#startIssued || this.#stoppedAt === "") return undefined;
    return takeOverInstead(this.#run, {
      announced: this.#announced,
      cause,
      stoppedAt: this.#stoppedAt,
      silenced: this.#silenced,
      generation: this.#generation,
      copies: this.#copies,
    });
  }

  /** Before the point of no return: the old node serves again, and everything is undone. */
  async #return(cause: StepFailed): Promise<HandoverReport> {
    const run = this.#run;
    let notBack: StepFailed | undefined;
    try {
      for (const undo of this.#undo.toReversed()) await undo();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      notBack = error;
    }
    for (const tidy of this.#tidy.toReversed()) await tidy();
    if (notBack) {
      const { what, next } = notBack.failure;
      const message = `${stepInWords(cause)} failed: ${cause.failure.what} And ${this.#from} could not be brought back: ${what} It is tried again until it succeeds. Next: ${next}`;
      return run.verdict(isUnseen(notBack.failure) ? "unknown" : "failed", message);
    }
    run.recorder.set({ epoch: this.#epoch + 1 });
    return run.verdict("returned", `${stepInWords(cause)} failed, ${this.#from} serves again. ${cause.failure.what}`);
  }

  /** After the point of no return: roll forward; where the proof fails, back once. */
  async #prove(): Promise<HandoverReport> {
    const run = this.#run;
    const newNode = this.#at(this.#to);
    try {
      const proof = await run.step(
        { name: "proveNode", title: "See it serve: online, and devices answer", node: this.#to },
        () => onNode.proveNode({ ...newNode, since: this.#stoppedAt }),
        (p) => `${p.answered} of ${p.asked} devices answered`,
      );
      run.recorder.set({ outageMs: Date.parse(proof.firstAnswerAt) - Date.parse(this.#stoppedAt), error: undefined });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      run.failedBy(error);
      // Not to see it is no evidence against it (I8): it is left as it is, and `service` goes on asking.
      if (isUnseen(error.failure))
        return run.verdict(
          "unknown",
          `Whether ${this.#to} serves could not be seen: ${error.failure.what} ${error.failure.next}`,
        );
      return this.#back(error);
    }
    await run
      .step({ name: "leaveClean", title: "Leave the old node clean", node: this.#from }, () =>
        onNode.leaveClean({ ...this.#at(this.#from), successor: this.#to }),
      )
      .catch(ignoreStepFailure);
    return run.verdict("done", `${this.#service} runs on ${this.#to}.${this.#kept}`);
  }

  async #back(cause: StepFailed): Promise<HandoverReport> {
    const run = this.#run;
    try {
      await goBack(run, this.#at(this.#to), this.#at(this.#from, this.#epoch + 1), {
        written: run.highestCounters,
        madeIn: this.#epoch,
      });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      return run.verdict(
        "unknown",
        `${cause.failure.what} And the way back failed: ${error.failure.what} ${error.failure.next}`,
      );
    }
    run.recorder.set({ epoch: this.#epoch + 1 });
    return run.verdict(
      "returned",
      `${this.#to} could not be proven, ${this.#from} serves again. ${cause.failure.what}`,
    );
  }
}
