import { NO_COUNTERS, highestOf } from "../model/frame-counters.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { Control, HandoverReport, HandoverSummary, ServiceState, Settled, Unfinished } from "./contract.ts";
import {
  applyControl,
  blockAfterFailover,
  inForce,
  noLongerStopped,
  refusalOf,
  withHolder,
} from "./service-control.ts";

const KEPT_HISTORY = 20;

export interface Begin {
  readonly workflowId: string;
  readonly runId: string;
}

export interface Finish {
  readonly report: HandoverReport;
  readonly highestCounters?: FrameCounters;
  /** What a person ordered with this run, such as a stop: holds from its end on, whatever the outcome. */
  readonly order?: Control;
}

/** The state of one service and the rules by which it changes. Pure: the `service` workflow only wires messages to it. */
export class ServiceBook {
  #state: ServiceState;

  constructor(carried: ServiceState) {
    this.#state = carried;
  }

  static fresh(service: string): ServiceBook {
    return new ServiceBook({
      service,
      epoch: 0,
      highestCounters: NO_COUNTERS,
      history: [],
      mode: "observe",
      offline: {},
      copies: {},
      restarts: [],
      wouldHave: [],
    });
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Changes the state by a pure rule, such as those of service-control.ts. */
  change(rule: (state: ServiceState) => ServiceState): void {
    this.#state = rule(this.#state);
  }

  /** Why an order of a person is not carried out; undefined where it is. */
  mayControl(control: Control, now: Date): string | undefined {
    return refusalOf(inForce(this.#state, now), control, now);
  }

  control(control: Control, now: Date): ServiceState {
    this.#state = applyControl(inForce(this.#state, now), control, now);
    return this.#state;
  }

  /**
   * A handover begins. The workflow id is the lock, so one that was current under another run has closed; if it was announced
   * and gave no verdict, it is unfinished. Asking twice for one run changes nothing.
   */
  begin({ workflowId, runId }: Begin, now: Date): ServiceState {
    if (this.#state.current?.runId !== runId) {
      this.lost(this.#state.current?.runId);
      this.#state = { ...this.#state, current: { workflowId, runId, since: now.toISOString() } };
    }
    return this.#state;
  }

  /** Refuses an announcement of a run that is not current, or under an epoch that was used. The same one may come twice. */
  mayAnnounce(announced: Unfinished): string | undefined {
    const { current } = this.#state;
    if (current?.runId !== announced.runId) return "this handover is no longer the current one";
    if (current.announced?.epoch === announced.epoch) return undefined;
    if (announced.epoch <= this.#state.epoch) return `epoch ${announced.epoch} is not above ${this.#state.epoch}`;
    return undefined;
  }

  announce(announced: Unfinished): void {
    if (!this.#state.current) return;
    this.#state = { ...this.#state, epoch: announced.epoch, current: { ...this.#state.current, announced } };
  }

  /** The current handover gave its verdict. A second telling, or one of an older run, changes nothing. */
  finish({ report, highestCounters, order }: Finish, now: Date): void {
    if (this.#state.current?.runId !== report.runId || !report.outcome) return;
    const { current, ...rest } = this.#state;
    const undecided = (report.outcome === "unknown" || report.outcome === "failed") && report.abandoned !== true;
    this.#state = {
      ...withHolder(rest, holderAfter(report)),
      epoch: Math.max(rest.epoch, report.epoch ?? 0),
      highestCounters: highestOf(rest.highestCounters, highestCounters ?? NO_COUNTERS),
      history: remember(summary(report), rest.history),
      ...(undecided && current.announced ? { unfinished: current.announced } : {}),
    };
    if (servesAgain(report)) this.change(noLongerStopped);
    if (order) this.control(order, now);
    if (report.kind === "failover") this.change((s) => blockAfterFailover(s, report.outcome === "refused", now));
  }

  /** The run closed without a verdict. */
  lost(runId: string | undefined): void {
    const { current, ...rest } = this.#state;
    if (!current || current.runId !== runId) return;
    this.#state = { ...rest, ...(current.announced ? { unfinished: current.announced } : {}) };
  }

  /** An unfinished handover was completed or returned, and what holds since. */
  settle(runId: string, found?: Settled): void {
    if (this.#state.unfinished?.runId !== runId) return;
    const { unfinished: _settled, ...rest } = this.#state;
    this.#state = {
      ...withHolder(rest, found?.holder),
      epoch: Math.max(rest.epoch, found?.epoch ?? 0),
      highestCounters: highestOf(rest.highestCounters, found?.highestCounters ?? NO_COUNTERS),
    };
  }
}

const STARTING: readonly HandoverReport["kind"][] = ["switchover", "failover", "recovery", "start", "restart"];

/** A run that ended with a node that serves: the service is no longer one that a person stopped. */
function servesAgain({ kind, outcome }: HandoverReport): boolean {
  return STARTING.includes(kind) && (outcome === "done" || outcome === "returned");
}

function holderAfter(report: HandoverReport): string | undefined {
  if (report.outcome === "done") return report.to;
  // A rehearsal found out who serves, without changing it.
  if (report.outcome === "returned" || report.outcome === "rehearsed") return report.from;
  return undefined;
}

/** Of recoveries that could not establish anything, one after the other, only the last is kept: they may go on for days. */
function remember(latest: HandoverSummary, history: readonly HandoverSummary[]): readonly HandoverSummary[] {
  const [previous, ...older] = history;
  const again =
    previous?.kind === "recovery" &&
    latest.kind === "recovery" &&
    previous.outcome === "unknown" &&
    latest.outcome === "unknown";
  return [latest, ...(again ? older : history)].slice(0, KEPT_HISTORY);
}

function summary(report: HandoverReport): HandoverSummary {
  const { runId, kind, from, to, epoch, reason, message, startedAt, outageMs } = report;
  return {
    runId,
    kind,
    outcome: report.outcome ?? "unknown",
    from,
    to,
    epoch,
    reason,
    message,
    startedAt,
    endedAt: report.endedAt ?? startedAt,
    outageMs,
  };
}
