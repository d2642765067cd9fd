import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  defineQuery,
  executeChild,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import type {
  AdmittedStick,
  GenerationRef,
  NodeStep,
  Opening,
  PreflightResult,
  StartResult,
} from "./activity-types.ts";
import { briefly, onNode, onNodeOnce, toService } from "./activities-proxy.ts";
import { PROGRESS_QUERY, handoverId } from "./contract.ts";
import type { HandoverReport, SwitchoverInput, Unfinished } from "./contract.ts";
import { describeFailure, isUnseen } from "./failures.ts";
import { HandoverRun, StepFailed } from "./handover-run.ts";
import { Recorder } from "./recorder.ts";
import { recoverHandover } from "./recover-handover.ts";
import { goBack, ignoreStepFailure, serveAgain } from "./way-back.ts";

const START_ATTEMPTS = 4;
const START_BACKOFF_MS = 1_000;

export const progressQuery = defineQuery<HandoverReport>(PROGRESS_QUERY);

/**
 * The planned handover. Resolves with the report when the new node is proven (`done`) or the rehearsal passed; every other
 * end is an ApplicationFailure `HANDOVER_<OUTCOME>` whose first detail is the report.
 */
export async function switchover(input: SwitchoverInput): Promise<HandoverReport> {
  refuseBadInput(input);
  const { workflowId, runId } = workflowInfo();
  if (workflowId !== handoverId(input.service)) return delegate(input);

  const run = new HandoverRun(
    new Recorder({
      service: input.service,
      workflowId,
      runId,
      kind: input.recover ? "recovery" : "switchover",
      reason: input.reason,
      startedAt: new Date().toISOString(),
    }),
  );
  setHandler(progressQuery, () => run.report, { description: "The report so far: each step, its node, its time" });

  const opening = await toService.openHandover({ service: input.service, workflowId, runId });
  if (opening.searchAttributes) run.makeSearchable(input.service);
  run.sawCounters(opening.state.highestCounters);

  const unfinished = input.recover ?? opening.state.unfinished;
  if (unfinished) {
    const recovered = await recoverHandover(run, unfinished);
    if (input.recover || recovered.outcome === "unknown" || recovered.outcome === "failed")
      return run.verdict(recovered.outcome, recovered.message);
  }
  return handOver(run, input, opening);
}

async function handOver(run: HandoverRun, input: SwitchoverInput, opening: Opening): Promise<HandoverReport> {
  // A recovery in this run has used epochs of its own.
  const knownEpoch = Math.max(opening.state.epoch, run.report.epoch ?? 0);
  let checked: PreflightResult;
  try {
    checked = await run.step(
      { name: "preflight", title: "Check everything before the first change" },
      () =>
        onNode.preflight({
          service: input.service,
          to: input.to,
          holder: opening.state.holder,
          enrolBlankStick: input.enrolBlankStick === true,
          epoch: knownEpoch,
        }),
      (result) => `${result.findings.filter((f) => f.ok).length} of ${result.findings.length} checks passed`,
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.failedBy(error);
    return run.verdict("refused", `Refused before any change: ${error.failure.what}`);
  }
  run.recorder.addFindings(checked.findings);
  run.sawCounters(checked.highestCounters);
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

  const announced: Unfinished = { runId: run.report.runId, from, to, epoch };
  try {
    await toService.announceHandover({ service: input.service, announced });
  } catch (error) {
    return run.verdict(
      "refused",
      `Refused before any change, because it could not be announced: ${describeFailure(error).what}`,
    );
  }
  return new Switchover(run, announced, checked.admitted ?? { enrolled: false }).run();
}

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
  readonly #admitted: AdmittedStick;
  /** What has to be undone for the home to be served again, in the order in which it was done. */
  readonly #undo: Undo[] = [];
  /** What else is undone, once the home is served again. */
  readonly #tidy: Undo[] = [];
  #generation: GenerationRef | undefined;
  #startIssued = false;
  #stoppedAt = "";

  constructor(run: HandoverRun, announced: Unfinished, admitted: AdmittedStick) {
    this.#admitted = admitted;
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
    await run.step(
      { name: "applyConfig", title: "Put the files in place", node: this.#to },
      () => onNode.applyConfig({ ...newNode, generation }),
      ({ files }) => `${files} files`,
    );

    await run.step({ name: "startNode", title: "Start the service", node: this.#to }, () => this.#start(newNode));
  }

  /** Each attempt is an activity of its own: the failure of the last one would not say whether an earlier one issued the start. */
  async #start(newNode: NodeStep): Promise<StartResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await onNodeOnce.startNode(newNode);
      } catch (error) {
        const failure = describeFailure(error);
        this.#startIssued ||= failure.issued;
        if (!failure.retryable || attempt === START_ATTEMPTS) throw error;
      }
      await sleep(START_BACKOFF_MS * attempt);
    }
  }

  #onStandby(name: string, title: string, act: () => Promise<unknown>): Undo {
    return () =>
      this.#run
        .step({ name, title, node: this.#to, undo: true }, act)
        .then(() => undefined)
        .catch(ignoreStepFailure);
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
    return run.verdict("done", `${this.#service} runs on ${this.#to}.`);
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

function stepInWords(error: StepFailed): string {
  return error.failure.node ? `${error.step} on ${error.failure.node}` : error.step;
}

/** Started under another id: the run with the right id does the work, so that the id stays the lock. */
async function delegate(input: SwitchoverInput): Promise<HandoverReport> {
  const id = handoverId(input.service);
  try {
    return await executeChild<(input: SwitchoverInput) => Promise<HandoverReport>>("switchover", {
      workflowId: id,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Switchover of ${input.service}${input.reason ? `: ${input.reason}` : ""}`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw ApplicationFailure.nonRetryable(
        `A handover of ${input.service} is already running: workflow ${id}. Next: wait for it (understudy wait ${id}) and start again if it is still wanted.`,
        "HANDOVER_IN_PROGRESS",
      );
    }
    throw error;
  }
}

function refuseBadInput(input: unknown): asserts input is SwitchoverInput {
  const service = (input as Partial<SwitchoverInput> | undefined)?.service;
  if (typeof service === "string" && service !== "") return;
  throw ApplicationFailure.nonRetryable(
    `The input must be an object with the service's name. Next: --input '{"service":"zigbee","reason":"manual"}'`,
    "BAD_INPUT",
  );
}
