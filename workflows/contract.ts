import type { Decision } from "../model/evidence.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { GenerationRef, Takeover } from "./activity-types.ts";

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
  /** The user has agreed that what somebody changed by hand in the standby's files is replaced; it is kept there. */
  readonly acceptEdits?: boolean;
  /** Set by `service` only: finish this handover, which ended without a verdict, and do nothing else. */
  readonly recover?: Unfinished;
}

export interface FailoverInput {
  readonly service: string;
  /** The node that shall take over. Without it: the first fit standby. */
  readonly to?: string;
  /** Why, in the decision's or the caller's words. */
  readonly reason?: string;
  /** `service` decided it on evidence, or a person ordered it. */
  readonly by: "service" | "person";
  /** When the service was first seen not to serve, ISO 8601: the outage is counted from then, else from the start of the failover. */
  readonly since?: string;
}

/**
 * What a person does beside handovers, but under their lock: to the service where it is; `adopt`, to learn from the nodes who
 * holds it; `reinit`, to throw a standby's copy away.
 */
export type Operation = "stop" | "start" | "restart" | "adopt" | "reinit";

/** Input of the workflow `check`. */
export interface CheckInput {
  /** The service's name in understudy.yaml. */
  readonly service: string;
}

export interface CheckReport {
  readonly service: string;
  readonly serves: "yes" | "no" | "unknown";
  /** One sentence: which facts show it, or why nothing can be done. */
  readonly because: string;
  /** The failover that was started, or without a run id the handover that was under way. */
  readonly handover?: { readonly workflowId: string; readonly runId?: string };
}

/** Input of the workflow `operate`, id `handover:<service>`. */
export interface OperateInput {
  readonly service: string;
  readonly operation: Operation;
  /** Who orders it. */
  readonly by: string;
  readonly reason?: string;
  /** `adopt`: the node that holds the service by the person's word. `reinit`: the standby. */
  readonly node?: string;
}

/** Input of the workflow `fenceTest`, id `handover:<service>`. */
export interface FenceTestInput {
  readonly service: string;
  readonly node: string;
  /** From 0, as in understudy.yaml. Without it: every rung that switches power and counts for a take-over. */
  readonly rung?: number;
  /** Who orders it. */
  readonly by: string;
  /** The person has agreed that the node may be switched off while it serves. */
  readonly evenActive?: boolean;
}

/** A person says that the old node is off. Update of a failover that waits for it. */
export interface ConfirmFenced {
  readonly node: string;
  /** Run id of the handover that waits: what was confirmed once never counts again. */
  readonly runId: string;
  readonly by: string;
}

/** A handover that was announced and never finished (terminated, lost). */
export interface Unfinished {
  readonly runId: string;
  /** Default: a switchover, or an operation on one node. */
  readonly kind?: "switchover" | "failover";
  /** Of a failover: what the standby takes over from. */
  readonly takeover?: Takeover;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
}

/** What holds since an unfinished handover was brought to an end. */
export interface Settled {
  /** Who serves; undefined where that is not known. */
  readonly holder?: string;
  readonly epoch: number;
  readonly highestCounters: FrameCounters;
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
  readonly kind: "switchover" | "failover" | "recovery" | "fence-test" | Operation;
  /** Set while a failover waits for a person: whom to call, what to look at. */
  readonly waitsForPerson?: { readonly node: string; readonly because: string; readonly vetoed: boolean };
  /** A person cancelled it before anything was started: whoever serves is not known, and nobody goes on with it. */
  readonly abandoned?: boolean;
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

  /** `observe` (where a service begins): watch and say what would have been done. `armed`: do it. */
  readonly mode: "observe" | "armed";
  /** Maintenance: nothing automatic happens. */
  readonly paused?: Hold;
  /** A person stopped the service: it is meant to be down. */
  readonly stopped?: Hold;
  /** Nodes that a person took out (`understudy standby NODE`): never chosen to take over. */
  readonly offline: Readonly<Record<string, Hold>>;
  /** Automatic handovers are off until acknowledged, or until then; `needsAdoption`: until the nodes have told who serves. */
  readonly blocked?: {
    readonly because: string;
    readonly since: string;
    readonly until?: string;
    /** The failover that it follows has not ended yet. */
    readonly pending?: boolean;
    readonly needsAdoption?: boolean;
  };
  /** The copy that each standby holds, by node. */
  readonly copies: Readonly<Record<string, Copy>>;
  /** The rungs that were proven to switch their node, by node. Others prove nothing in a failover. */
  readonly fenceTests?: Readonly<Record<string, readonly FenceTest[]>>;
  /** The trouble that is being watched. */
  readonly trouble?: Trouble;
  /** Restarts in place, newest first, at most 20. */
  readonly restarts: readonly string[];
  /** What the service would have done had it been armed, newest first, at most 20. */
  readonly wouldHave: readonly WouldHave[];
}

/** What a service that only observes would have done. */
export interface WouldHave {
  readonly at: string;
  readonly decision: Decision;
  readonly outage: ExpectedOutage;
}

/** An estimate of an outage, and what it is made from: what was measured here of such runs, or a value that fits most homes. */
export interface ExpectedOutage {
  /** From the moment at which the service was first seen not to serve. */
  readonly ms: number;
  readonly basis: "failovers" | "switchovers" | "restarts" | "default";
}

export interface Trouble {
  /** ISO 8601, by the workflow's clock. */
  readonly since: string;
  /** What the latest look led to, and when that was. */
  readonly decision: Decision;
  readonly at: string;
  /** The looks without a gap that found the active node not serving. */
  readonly lost?: { readonly since: string; readonly looks: number };
  /** The looks without a gap in which neither the controller nor a standby nor the broker had any contact with the active node. */
  readonly apartSince?: string;
  /** When Zigbee2MQTT said that it stops because it was told to. */
  readonly stopSaid?: string;
  /** A restart in place failed, and the service has not run there since; `coordinator`: it does not answer, even after a reset. */
  readonly restartFailed?: { readonly node: string; readonly because: "coordinator" | "otherwise" };
  /** The devices are silent: the next looks ask the coordinator too. */
  readonly thorough?: boolean;
}

/** A rung that was proven to switch a node. */
export interface FenceTest {
  /** What is switched, for which host: another outlet is another mapping. */
  readonly mapping: string;
  readonly at: string;
  readonly by: string;
}

/** Something that a person ordered, with who, why and until when. */
export interface Hold {
  readonly by: string;
  readonly reason?: string;
  readonly since: string;
  /** ISO 8601; without it until it is taken back. */
  readonly until?: string;
}

/** What a standby holds to take over from. */
export interface Copy {
  readonly generation: GenerationRef;
  /** ISO 8601: when it was last found to be, or made, equal to what the active node holds. */
  readonly at: string;
  /** Its coordinator holds this generation's network. */
  readonly preloaded: boolean;
  /** ISO 8601: when its coordinator last listened, if it has heard the active one: a later silence means something then. */
  readonly listenedAt?: string;
  /** The active node fenced itself then when it had no contact for so long, in ms. */
  readonly guard?: { readonly node: string; readonly afterMs: number };
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
/** Signal of `service`: a Report of a trigger. */
export const REPORT_SIGNAL = "report";
/** Signal of `service`: compare with what the nodes say; `understudy start` sends it, since a database may have been restored. */
export const LOOK_SIGNAL = "look";
/** Update of `service`: a Control of a person; returns the new ServiceState. */
export const CONTROL_UPDATE = "control";
/** Update of `service`: what a sync found or made. */
export const NOTE_COPY_UPDATE = "noteCopy";
/** Signal of `switchover`: a failover of the service is wanted, for the reason given. Before its first change it makes way. */
export const MAKE_WAY_SIGNAL = "makeWay";
/** Update of `failover`: a ConfirmFenced. */
export const CONFIRM_FENCED_UPDATE = "confirmFenced";
/** Signal of a `failover` that waits for a person: something was changed, so fence and listen again at once. */
export const TRY_AGAIN_SIGNAL = "tryAgain";

export function checkId(service: string): string {
  return `check:${service}`;
}

/** How everybody who needs the `service` workflow starts it, where it does not run yet. */
export function serviceStart(service: string, taskQueue: string) {
  return {
    workflowId: serviceId(service),
    taskQueue,
    args: [{ service }] as [{ service: string }],
    staticSummary: `The service ${service}: who runs it, and what happened`,
  };
}

export function syncId(service: string): string {
  return `sync:${service}`;
}

export function rotationId(service: string): string {
  return `rotation:${service}`;
}

/** What a person may order of a service, beside handovers. */
export type Control = { readonly by: string; readonly reason?: string } & (
  | { readonly verb: "arm" | "observe" | "resume" | "acknowledge" }
  /** `until`: ISO 8601. */
  | { readonly verb: "pause"; readonly until?: string }
  | { readonly verb: "stopped" | "started" }
  | { readonly verb: "standby" | "online" | "forgetCopy"; readonly node: string }
  /** `understudy fence test` has proven that these rungs switch this node. */
  | { readonly verb: "fenceTested"; readonly node: string; readonly mappings: readonly string[] }
  /** The node that was proven to serve, and the highest epoch and counters that the nodes know. */
  | {
      readonly verb: "adopt";
      readonly holder: string;
      readonly epoch: number;
      readonly highestCounters: FrameCounters;
    }
);

/** Input of the workflow `sync`, id `sync:<service>`. */
export interface SyncInput {
  readonly service: string;
  /** A person may write an idle coordinator before the service is armed, and while it is paused. */
  readonly by: "schedule" | "change" | "person";
  /** A person agreed that a blank stick in a standby becomes one of this network's. */
  readonly enrolBlankStick?: boolean;
}

/**
 * - `unchanged`: the copies were found to be what the active node holds.
 * - `updated`: a new generation was made and staged.
 * - `skipped`: nothing was looked at, for the reason in `message`.
 * - `started`: asked under another workflow id, which started the one with the right id, or found it running.
 * - `failed`: no standby holds a fresh copy; the earlier ones are kept. The workflow fails with this report.
 */
export interface SyncReport {
  readonly service: string;
  readonly outcome: "unchanged" | "updated" | "skipped" | "started" | "failed";
  /** One sentence for people. */
  readonly message: string;
  readonly generation?: GenerationRef;
  /** Zigbee2MQTT was asked to read its coordinator. */
  readonly liveBackup?: boolean;
  readonly standbys: readonly SyncedStandby[];
}

export interface SyncedStandby {
  readonly node: string;
  /** It holds the generation. */
  readonly ok: boolean;
  readonly preloaded: boolean;
  readonly written: "all" | "counters" | "nothing";
  /** One sentence for people. */
  readonly what: string;
  readonly next?: string;
}

/** A sync that brought the generation to no standby fails with this ApplicationFailure type; details[0] is the SyncReport. */
export const SYNC_FAILED = "SYNC_FAILED";

/** Input of the workflow `rotation`. */
export interface RotationRunInput {
  readonly service: string;
}

/**
 * `skipped`: no handover was started, for the reason in `message`; everything else is how the handover ended. Where that is not
 * `done`, the workflow fails like the handover, with this as details[0].
 */
export interface RotationReport {
  readonly service: string;
  readonly outcome: HandoverOutcome | "skipped";
  /** One sentence for people. */
  readonly message: string;
  readonly handover?: HandoverReport;
}

/** Search attributes, all Keyword. */
export const SEARCH_ATTRIBUTES = ["UnderstudyService", "UnderstudyNode", "UnderstudyOutcome"] as const;

/** A handover that did not end as `done` or `rehearsed` fails with this ApplicationFailure type + outcome; details[0] is the report. */
export const FAILURE_TYPE_PREFIX = "HANDOVER_";
