import {
  ApplicationFailure,
  CancellationScope,
  log,
  setCurrentDetails,
  upsertSearchAttributes,
} from "@temporalio/workflow";
import { defineSearchAttributeKey } from "@temporalio/common";
import { NO_COUNTERS, highestOf } from "../model/frame-counters.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { Control, HandoverOutcome, HandoverReport } from "./contract.ts";
import { FAILURE_TYPE_PREFIX } from "./contract.ts";
import { toService } from "./activities-proxy.ts";
import { FenceConfirmation } from "./confirmation.ts";
import { describeFailure } from "./failures.ts";
import type { StepFailure } from "./failures.ts";
import { Recorder, renderDetails } from "./recorder.ts";
import type { BeginStep } from "./recorder.ts";

const SERVICE = defineSearchAttributeKey("UnderstudyService", "KEYWORD");
const NODE = defineSearchAttributeKey("UnderstudyNode", "KEYWORD");
const OUTCOME = defineSearchAttributeKey("UnderstudyOutcome", "KEYWORD");

/** A step that failed, with what it said. Never leaves the workflow: it is caught and becomes a verdict. */
export class StepFailed extends Error {
  readonly step: string;
  readonly failure: StepFailure;

  constructor(step: string, failure: StepFailure, options: { cause: unknown }) {
    super(failure.what, options);
    this.step = step;
    this.failure = failure;
  }
}

/** `restoreNvram on pi2` */
export function stepInWords(error: StepFailed): string {
  return error.failure.node ? `${error.step} on ${error.failure.node}` : error.step;
}

/** One run of a handover: records each step where people look for it, and gives the verdict. */
export class HandoverRun {
  readonly recorder: Recorder;
  /** A person's word that the old node is off, for a failover. */
  readonly confirmation = new FenceConfirmation();
  #searchable = false;
  #highestCounters = NO_COUNTERS;
  #order: Control | undefined;

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  get report(): HandoverReport {
    return this.recorder.report;
  }

  get highestCounters(): FrameCounters {
    return this.#highestCounters;
  }

  /** Remembers the highest outgoing counters that were read or written (I3). */
  sawCounters(counters: FrameCounters): void {
    this.#highestCounters = highestOf(this.#highestCounters, counters);
  }

  /** What `service` takes for ordered from the end of this run on, whatever its outcome. */
  order(order: Control): void {
    this.#order = order;
  }

  makeSearchable(service: string): void {
    this.#searchable = true;
    upsertSearchAttributes([{ key: SERVICE, value: service }]);
  }

  heading(from: string, to: string, epoch: number): void {
    this.recorder.set({ from, to, epoch });
    if (this.#searchable) upsertSearchAttributes([{ key: NODE, value: to }]);
  }

  say(message: string): void {
    this.recorder.set({ message });
    setCurrentDetails(renderDetails(this.recorder.report));
  }

  /** Runs one step and records it. Rejects StepFailed. */
  async step<T>(step: BeginStep, act: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const index = this.recorder.begin(step, new Date());
    this.say(step.node ? `${step.title} (${step.node})` : step.title);
    try {
      const result = await act();
      this.recorder.end(index, "done", new Date(), detail?.(result));
      return result;
    } catch (error) {
      const failure = { ...(step.node ? { node: step.node } : {}), ...describeFailure(error) };
      this.recorder.end(index, "failed", new Date(), failure.what);
      throw new StepFailed(step.name, failure, { cause: error });
    } finally {
      setCurrentDetails(renderDetails(this.recorder.report));
    }
  }

  failedBy(error: StepFailed, node?: string): void {
    const { id, what, next } = error.failure;
    this.recorder.set({ error: { id, step: error.step, node: error.failure.node ?? node, what, next } });
  }

  /**
   * Ends the run with a verdict, told to `service` first. `done` and `rehearsed` complete the workflow; every other verdict
   * fails it, so that it is red wherever it is looked at, with the report as details.
   */
  async verdict(outcome: HandoverOutcome, message: string): Promise<HandoverReport> {
    const report = this.recorder.close(outcome, message, new Date());
    if (this.#searchable) upsertSearchAttributes([{ key: OUTCOME, value: outcome }]);
    setCurrentDetails(renderDetails(report));
    try {
      await CancellationScope.nonCancellable(() =>
        toService.closeHandover({
          service: report.service,
          report,
          highestCounters: this.#highestCounters,
          ...(this.#order ? { order: this.#order } : {}),
        }),
      );
    } catch (error) {
      // `service` sees this run close without a verdict and asks the nodes; the outcome here stays what it is.
      log.warn("the verdict could not be told to the service workflow", { error: describeFailure(error).what });
    }
    if (outcome === "done" || outcome === "rehearsed") return report;
    throw ApplicationFailure.nonRetryable(message, `${FAILURE_TYPE_PREFIX}${outcome.toUpperCase()}`, report);
  }
}
