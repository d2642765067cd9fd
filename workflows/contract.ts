import type { FrameCounters } from "../model/frame-counters.ts";

/**
 * What callers of the workflows need to know: names, inputs, reports. Types and constants only, so that the command line,
 * the triggers and the activities can import it without pulling workflow code in.
 */

export const TASK_QUEUE = "understudy";

/** The fixed id is the lock: Temporal runs at most one workflow of an id at a time. */
export function handoverId(service: string): string {
  return `handover:${service}`;
}

/** One entity workflow per service, for ever. */
export function serviceId(service: string): string {
  return `service:${service}`;
}

export interface SwitchoverInput {
  /** The service's name in understudy.yaml. */
  readonly service: string;
  /** The node that shall become active. Without it: the other node, or with several the first fit standby. */
  readonly to?: string;
  /** Why, in the caller's words: shown in history. */
  readonly reason?: string;
  /** Stop before the first change: preflight only. */
  readonly rehearse?: boolean;
  /** The user has agreed that a blank spare stick on the standby becomes one of this network's. */
  readonly enrolBlankStick?: boolean;
  /** Set by `service` only: finish this handover, which ended without a verdict, and do nothing else. */
  readonly recover?: Unfinished;
}

/** A handover that was announced and never finished (terminated, lost). */
export interface Unfinished {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
}

/**
 * - `done`: the service runs on the new node, proven.
 * - `rehearsed`: every check passed, nothing was changed.
 * - `refused`: a check failed before any change; the old node never stopped.
 * - `returned`: a step failed; the old node serves again.
 * - `failed`: known to be not serving as it should; a person is needed.
 * - `unknown`: what holds could not be established (I7).
 */
export type HandoverOutcome = "done" | "rehearsed" | "refused" | "returned" | "failed" | "unknown";

export type StepState = "running" | "done" | "failed";

export interface StepReport {
  /** The activity's name. */
  readonly name: string;
  /** What it does, in words. */
  readonly title: string;
  readonly node?: string;
  readonly state: StepState;
  /** ISO 8601, by the workflow's clock. */
  readonly startedAt: string;
  readonly durationMs?: number;
  /** One line: what was found or why it failed. */
  readonly detail?: string;
  /** True for the steps of the way back. */
  readonly undo?: boolean;
}

/** One check of the preflight. */
export interface Finding {
  /** Stable id of the check, e.g. `standby-stopped`. */
  readonly check: string;
  readonly node?: string;
  readonly ok: boolean;
  /** What was found. */
  readonly what: string;
  /** How to mend it; only where `ok` is false. */
  readonly next?: string;
}

export interface HandoverReport {
  readonly service: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly kind: "switchover" | "recovery";
  /** Undefined while it runs. */
  readonly outcome?: HandoverOutcome;
  /** One sentence for people. */
  readonly message: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
  readonly epoch?: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** From the moment the stop of the old node was issued to the first device's answer, by the worker's clock. */
  readonly outageMs?: number;
  readonly steps: readonly StepReport[];
  readonly findings: readonly Finding[];
  /** Where the failure came from. */
  readonly error?: {
    readonly id: string;
    readonly step: string;
    readonly node?: string;
    readonly what: string;
    readonly next: string;
  };
}

/** State of the `service` workflow, as its query `state` answers. */
export interface ServiceState {
  readonly service: string;
  /** The node that serves, as far as the workflow knows; undefined until the first handover or adoption. */
  readonly holder?: string;
  /** Grows with every handover. */
  readonly epoch: number;
  /** Highest outgoing counters that were ever read or written. */
  readonly highestCounters: FrameCounters;
  readonly current?: {
    readonly workflowId: string;
    readonly runId: string;
    readonly announced?: Unfinished;
    readonly since: string;
  };
  /** A handover that ended without a verdict and is still to be recovered. */
  readonly unfinished?: Unfinished;
  /** Newest first, at most 20. */
  readonly history: readonly HandoverSummary[];
}

export interface HandoverSummary {
  readonly runId: string;
  readonly kind: HandoverReport["kind"];
  readonly outcome: HandoverOutcome;
  readonly from?: string;
  readonly to?: string;
  readonly epoch?: number;
  readonly reason?: string;
  readonly message: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outageMs?: number;
}

/** Query of `switchover`: the HandoverReport so far. */
export const PROGRESS_QUERY = "progress";
/** Query of `service`: its ServiceState. */
export const STATE_QUERY = "state";

/** Search attributes, all Keyword. */
export const SEARCH_ATTRIBUTES = ["UnderstudyService", "UnderstudyNode", "UnderstudyOutcome"] as const;

/** A handover that did not end as `done` or `rehearsed` fails with this ApplicationFailure type + outcome; details[0] is the report. */
export const FAILURE_TYPE_PREFIX = "HANDOVER_";
