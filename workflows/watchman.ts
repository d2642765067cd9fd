import {
  ActivityCancellationType,
  ActivityFailure,
  ParentClosePolicy,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  proxyActivities,
  startChild,
} from "@temporalio/workflow";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import type { Decision, Report } from "../model/evidence.ts";
import type { WatchmanActivities } from "./activity-types.ts";
import { MAKE_WAY_SIGNAL, handoverId } from "./contract.ts";
import type { FailoverInput, HandoverReport } from "./contract.ts";
import { decide } from "./decision/decide.ts";
import { describeFailure } from "./failures.ts";
import { blockForQuietTime } from "./service-control.ts";
import type { ServiceBook } from "./service-state.ts";
import { summaryOf } from "./summaries.ts";
import {
  followTrouble,
  notLost,
  isOutdated,
  noteFailedRestart,
  noteRestart,
  noteWouldHave,
  pastOf,
  troubleOf,
} from "./trouble.ts";

/** A look that took longer than this by the workflow's clock is not believed: the worker, or its clock, stood still in between. */
const STALE_MS = 30_000;
/** After a stop that was asked for: Zigbee2MQTT ends, and perhaps starts again. */
const STOPPING_MS = 15_000;
/** Reports that repeat themselves do not make looks more frequent than this. */
const SPACING_MS = 3_000;
/** Until a failover that was started has registered itself. */
const FAILOVER_BEGINS_MS = 30_000;
/** Between looks where the look itself failed. */
const FAILED_LOOK_MS = 30_000;

const looking = {
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  startToCloseTimeout: 25_000,
  heartbeatTimeout: 6_000,
  scheduleToCloseTimeout: 120_000,
  retry: { initialInterval: 500, maximumInterval: 5_000 },
};
const acting = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  startToCloseTimeout: 180_000,
  heartbeatTimeout: 6_000,
  // Whoever looks next sees whether it helped.
  retry: { maximumAttempts: 2 },
};
const { examine } = proxyActivities<WatchmanActivities>(looking);
const { restartInPlace, putStateRight } = proxyActivities<WatchmanActivities>(acting);

type Examined = Awaited<ReturnType<WatchmanActivities["examine"]>>;

/**
 * Looks when a trigger reports trouble, decides, acts, and looks again until the service serves. While nothing is wrong it
 * does nothing, so that a healthy home costs no history. Everything that is to outlive the run is in the state's `trouble`.
 */
export class Watchman {
  readonly #book: ServiceBook;
  /** Ms since 1970; undefined: nothing is wrong. */
  #lookAt: number | undefined;
  #lastLookAt = 0;
  #busy = false;
  /** The latest look failed, or is not believed: there may be many such. */
  #cameToNothing = false;
  #stopSaid: string | undefined;
  #devicesSilent = false;
  /** The handover after whose end was looked already. */
  #seen: string | undefined;
  /** The handover that was asked to make way. */
  #asked: string | undefined;

  constructor(book: ServiceBook) {
    this.#book = book;
    this.#seen = this.#latest();
    const { trouble } = book.state;
    if (!trouble) return;
    this.#lookAt = 0;
    this.#stopSaid = trouble.stopSaid;
    this.#devicesSilent = trouble.thorough === true;
  }

  /** No look and no act is under way, nor a first look due, which only this run knows of: the workflow may begin a new history. */
  get idle(): boolean {
    const isKept = this.#lookAt === undefined || this.#book.state.trouble !== undefined;
    return !this.#busy && (isKept || this.#cameToNothing || this.#handsOff());
  }

  /** A trigger reports. Evidence that comes while a handover is changing something is the handover's. */
  hear(report: Report): void {
    const now = Date.now();
    if (this.#handsOff()) {
      // Looked into when it is over, unless it was its own doing and is over too.
      if (report.sign !== "healthy") this.#lookAt ??= now;
      else if (!this.#book.state.trouble) this.#lookAt = undefined;
      return;
    }
    if (report.sign === "healthy") {
      if (this.#lookAt !== undefined) this.#lookSoon(now);
      // Something was heard of it, so the time that it must be silent begins anew.
      this.#book.change((state) => (state.trouble ? { ...state, trouble: notLost(state.trouble) } : state));
      return;
    }
    if (report.sign === "stopping-by-request") {
      this.#stopSaid = report.at;
      this.#lookAt ??= now + STOPPING_MS;
      return;
    }
    this.#devicesSilent ||= report.sign === "radio-silent";
    this.#lookSoon(now);
  }

  /** For as long as the workflow runs. */
  async keepWatching(): Promise<never> {
    for (;;) {
      await condition(() => this.#lookAt !== undefined && !this.#handsOff());
      const latest = this.#latest();
      if (latest !== this.#seen) this.#lookSoon(Date.now());
      this.#seen = latest;
      const wait = (this.#lookAt ?? 0) - Date.now();
      const planned = this.#lookAt;
      // A report may bring the look forward, a handover may make it needless or, when it has ended, due.
      const changed = () => this.#lookAt !== planned || this.#handsOff() || this.#latest() !== latest;
      if (wait > 0 && (await condition(changed, wait))) continue;
      this.#busy = true;
      try {
        await this.#look();
      } finally {
        this.#busy = false;
      }
    }
  }

  /** The handover that ended last. */
  #latest(): string | undefined {
    return this.#book.state.history[0]?.runId;
  }

  #lookSoon(now: number): void {
    this.#lookAt = Math.min(this.#lookAt ?? Infinity, Math.max(now, this.#lastLookAt + SPACING_MS));
  }

  /**
   * A handover that has announced its changes has the service to itself; one that a person stopped is meant to be down; and
   * where nobody knows who serves, there is nobody to look at.
   */
  #handsOff(): boolean {
    const { current, stopped, holder } = this.#book.state;
    return (current?.announced ?? stopped) !== undefined || holder === undefined;
  }

  async #look(): Promise<void> {
    const { service, holder } = this.#book.state;
    if (holder === undefined) return;
    const began = Date.now();
    this.#lastLookAt = began;
    const examined = await this.#examine(service, holder);
    const { state } = this.#book;
    if (this.#handsOff() || state.holder !== holder) return;
    this.#cameToNothing = !examined || Date.now() - began > STALE_MS;
    if (!examined || this.#cameToNothing) {
      this.#lookAt = Date.now() + (examined ? 0 : FAILED_LOOK_MS);
      return;
    }
    await this.#conclude(examined, holder, began);
  }

  async #examine(service: string, active: string): Promise<Examined | undefined> {
    const input = { service, active, thorough: this.#devicesSilent };
    try {
      return await examine.executeWithOptions({ ...looking, summary: summaryOf("examine", input) }, [input]);
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn("The look failed", { service });
      return undefined;
    }
  }

  async #conclude({ evidence, policy }: Examined, holder: string, began: number): Promise<void> {
    const now = Date.now();
    if (isOutdated(this.#stopSaid, this.#book.state)) this.#stopSaid = undefined;
    const stopSaid = this.#stopSaid !== undefined;
    const followed = followTrouble(this.#book.state.trouble, evidence, stopSaid, began);
    const decision = decide(evidence, policy, pastOf(this.#book.state, followed, stopSaid, now));
    const wasKnown = this.#book.state.trouble?.decision.action === decision.action;
    if (decision.action === "nothing") {
      this.#lookAt = undefined;
      this.#stopSaid = undefined;
      this.#devicesSilent = false;
      this.#book.change(({ trouble: _over, ...rest }) => rest);
      return;
    }
    this.#devicesSilent ||= evidence.mqtt.deviceAnswers === "no";
    const heard = { stopSaid: this.#stopSaid, devicesSilent: this.#devicesSilent };
    this.#book.change((state) => ({ ...state, trouble: troubleOf(followed, decision, now, heard) }));
    this.#lookAt = now + (decision.lookAgainMs ?? SPACING_MS);
    if (decision.putStateRight && this.#book.state.mode === "armed") return this.#putStateRight();
    if (decision.action !== "restart" && decision.action !== "takeOver") return;
    // A node that its gate keeps standing by after a boot is granted anew even by a service that only observes.
    const isReturn = decision.action === "restart" && evidence.node.sameBoot === "no";
    if (this.#book.state.mode !== "armed" && !isReturn) {
      if (!wasKnown) this.#book.change((state) => noteWouldHave(state, decision, now));
      this.#lookAt = now + Math.min(Math.max((now - followed.since) / 2, 2 * SPACING_MS), 600_000);
    } else if (decision.action === "restart") await this.#restart(holder, decision.reset);
    else await this.#takeOver(decision, policy.quietTimeMs);
  }

  async #putStateRight(): Promise<void> {
    const input = { service: this.#book.state.service };
    try {
      await putStateRight.executeWithOptions({ ...acting, summary: summaryOf("putStateRight", input) }, [input]);
      this.#lookAt = Date.now() + SPACING_MS;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn("The retained state could not be put right", input);
    }
  }

  /** Counted before it is tried: whatever comes of it, there is not one more than allowed. */
  async #restart(node: string, reset: Decision["reset"]): Promise<void> {
    const { service, epoch, current, unfinished } = this.#book.state;
    // What a handover left half-done, its recovery starts.
    if (current ?? unfinished) return;
    this.#book.change((state) => noteRestart(state, Date.now()));
    const step = { service, node, epoch, handover: "restart-in-place", ...(reset ? { reset } : {}) };
    try {
      await restartInPlace.executeWithOptions({ ...acting, summary: summaryOf("restartInPlace", step) }, [step]);
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn("The restart in place failed", { service, node });
      const because = describeFailure(error).id === "COORDINATOR_NOT_RESET" ? "coordinator" : "otherwise";
      this.#book.change((state) => noteFailedRestart(state, { node, because }));
    }
    this.#lookAt = Date.now() + SPACING_MS;
  }

  async #takeOver({ because }: Decision, quietTimeMs: number): Promise<void> {
    const { service, current } = this.#book.state;
    this.#lookAt = Date.now() + FAILOVER_BEGINS_MS;
    if (current) return this.#askForWay(current.runId, because);
    const { trouble } = this.#book.state;
    const args: [FailoverInput] = [
      { service, reason: because, by: "service", ...(trouble ? { since: trouble.since } : {}) },
    ];
    const { blocked } = this.#book.state;
    // Before it can give its verdict, which counts the quiet time anew or lifts the block.
    this.#book.change((state) => blockForQuietTime(state, because, quietTimeMs, new Date()));
    try {
      await startChild<(input: FailoverInput) => Promise<HandoverReport>>("failover", {
        workflowId: handoverId(service),
        args,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `Failover of ${service}`,
        staticDetails: because,
      });
    } catch (error) {
      // Another handover began meanwhile: it is asked at the next look.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      this.#book.change((state) => ({ ...state, blocked }));
    }
  }

  /** A planned handover that has changed nothing yet makes way for a failover; the next look starts that. */
  async #askForWay(runId: string, because: string): Promise<void> {
    if (this.#asked === runId) {
      // It goes on all the same, and may wait for a person for days. Its verdict brings the next look.
      const since = Date.parse(this.#book.state.trouble?.since ?? "") || Date.now();
      this.#lookAt = Date.now() + Math.min(Math.max((Date.now() - since) / 2, FAILOVER_BEGINS_MS), 600_000);
      return;
    }
    this.#asked = runId;
    this.#lookAt = Date.now() + SPACING_MS;
    try {
      await getExternalWorkflowHandle(handoverId(this.#book.state.service), runId).signal(MAKE_WAY_SIGNAL, because);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.info("The handover has ended before it could be asked to make way", { runId });
    }
  }
}
