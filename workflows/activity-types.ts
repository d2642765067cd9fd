import type { FrameCounters } from "../model/frame-counters.ts";
import type { FailoverPolicy } from "../config/automation.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Copy, Finding, HandoverReport, ServiceState, Unfinished } from "./contract.ts";

/**
 * The activities as workflows see them: references, sizes, hashes and counters go through history, never a secret (I10).
 * Each may run twice, be killed half-way, or time out after it took effect (I9).
 */
export interface HandoverActivities {
  /** Registers the handover with `service` (started if need be). Says which handover before it never finished. */
  openHandover(input: { service: string; workflowId: string; runId: string }): Promise<Opening>;
  /** Tells `service` what is about to change. From here on an end without a verdict is recovered. */
  announceHandover(input: { service: string; announced: Unfinished }): Promise<void>;
  /** Tells `service` the verdict. */
  closeHandover(input: { service: string; report: HandoverReport; highestCounters?: FrameCounters }): Promise<void>;

  /** Tells `service` that an unfinished handover was completed or returned. */
  settleHandover(input: { service: string; runId: string }): Promise<void>;

  /** All checks before the first change. Refusals are findings, not errors. */
  preflight(input: PreflightInput): Promise<PreflightResult>;
  /** What each node holds and does right now. An unreachable node is a fact, not an error. */
  readFacts(input: { service: string }): Promise<NodeFacts[]>;

  /** Service stopped and its process gone. */
  stopNode(input: NodeStep): Promise<StopResult>;
  /** Coordinator reset by SYS_RESET_REQ; proven by SYS_RESET_IND and a device state other than 9. */
  silenceNode(input: NodeStep): Promise<{ deviceState: number }>;
  /** A new generation on this node: its files and, unless `coordinator` is false, the image of its coordinator. */
  dumpNvram(input: NodeStep): Promise<GenerationRef>;
  /** The generation from one node to another, hashed, under its name only when whole. */
  transferFile(input: {
    service: string;
    from: string;
    to: string;
    epoch: number;
    generation: GenerationRef;
  }): Promise<{ bytes: number }>;
  /** The generation's image into this node's coordinator, counters raised above all known, read back and compared. */
  restoreNvram(
    input: NodeStep & { generation: GenerationRef; highestCounters: FrameCounters; admitted: AdmittedStick },
  ): Promise<{ counters: FrameCounters }>;
  /** The generation becomes the data directory, with this node's own values. */
  applyConfig(input: NodeStep & { generation: GenerationRef }): Promise<{ files: number }>;
  /** Grants this node the epoch and starts the service: the point of no return once it is issued. */
  startNode(input: NodeStep): Promise<StartResult>;
  /** Online, seen as this node, and devices answer through it. */
  proveNode(input: NodeStep & { since: string }): Promise<Proof>;
  /** Raises the counters of this node's own coordinator above `above` before it serves again, by its own
   * dump `generation` where one is given (no need to read it again). */
  raiseCounters(
    input: NodeStep & { above: FrameCounters; generation?: GenerationRef },
  ): Promise<{ counters: FrameCounters }>;

  /** The old node after a success: stopped, silent, its standby copy pruned; a reboot if configured. */
  leaveClean(input: NodeStep & { successor: string }): Promise<void>;
  /** The data directory as it was before applyConfig; nothing to do is success. */
  undoApplyConfig(input: UndoStep): Promise<void>;
  /** Whatever a half-done transfer left. */
  undoTransferFile(input: UndoStep): Promise<void>;
}

/** What a failover needs beside the steps that it shares with the planned handover. */
export interface FailoverActivities {
  /** Whether a standby could take over right now: asked before anything is fenced. Refusals are findings, not errors. */
  checkFitness(input: FitnessInput): Promise<Fitness>;
  /** Climbs the ladder of the old node until a rung has proven it off. Rungs that failed are in the report, not errors. */
  fenceNode(input: NodeStep): Promise<FenceReport>;
  /** Gives power back to a node that was fenced, so that it can serve again. Nothing to do is success. */
  unfenceNode(input: NodeStep): Promise<FenceReport>;
  /** The standby's idle coordinator scans for the network (a beacon of our PAN from 0x0000 is a veto). */
  listenForActive(input: NodeStep): Promise<Listening>;
}

export interface SyncActivities {
  /** Everything a standby needs, from the running active node, as a generation there; `changed` is false where the newest one still holds. */
  captureLive(input: NodeStep): Promise<{ generation: GenerationRef; changed: boolean }>;
  /** Writes the idle standby's coordinator ahead of time and leaves it silent, if it does not hold this generation's network. */
  preloadCoordinator(
    input: NodeStep & { generation: GenerationRef; highestCounters: FrameCounters },
  ): Promise<{ counters: FrameCounters; written: "all" | "counters" | "nothing" }>;
  /** Tells `service` what a standby holds. */
  noteCopy(input: { service: string; node: string; copy: Copy }): Promise<void>;
  /** Ends a sync that is under way, and waits until it has ended: a handover needs the standby for itself. */
  cancelSync(input: { service: string }): Promise<void>;
}

export interface WatchmanActivities {
  /** One look from every direction. Never rejects because something could not be reached: that is what it reports. */
  examine(input: {
    service: string;
    active: string;
    thorough: boolean;
  }): Promise<{ evidence: Evidence; policy: FailoverPolicy; standbys: readonly string[] }>;
  /** Starts the service again on the node that serves, under its grant; not a handover. */
  restartInPlace(input: NodeStep): Promise<StartResult>;
}

export interface FitnessInput {
  readonly service: string;
  readonly from: string;
  /** Candidates in the order of preference. */
  readonly candidates: readonly string[];
  readonly copies: Readonly<Record<string, Copy>>;
  readonly epoch: number;
}

export interface Fitness {
  readonly findings: readonly Finding[];
  /** The first fit standby and the copy that it takes over from. */
  readonly to?: string;
  readonly generation?: GenerationRef;
  /** Since the copy was last known to be fresh, in ms. */
  readonly copyAgeMs?: number;
  readonly highestEpoch: number;
  readonly highestCounters: FrameCounters;
}

/** What a rung of the fencing ladder proves where it succeeds. `network cut` never suffices. */
export type FenceProof = "radio off" | "host off" | "network cut";

export interface FenceReport {
  /** The strongest that was proven by reading back. */
  readonly proven?: FenceProof;
  /** Self-fencing is set up on the node and its time has passed: counts only together with a scan that hears nothing. */
  readonly selfFenced: boolean;
  readonly rungs: readonly {
    /** As in understudy.yaml, without secrets: `ssh`, `snmp 10.0.0.9 outlet 3`, … */
    readonly rung: string;
    readonly proves: FenceProof;
    readonly ok: boolean;
    readonly detail: string;
  }[];
}

export interface Listening {
  /** False where the coordinator cannot scan. */
  readonly scanned: boolean;
  /** A coordinator of our PAN answered: a veto, always. */
  readonly heard: boolean;
  /** Earlier scans from this standby have heard the active one, so silence means something. */
  readonly heardBefore: boolean;
  readonly detail: string;
}

export interface WatchActivities {
  /** Resolves when that run has closed, however. */
  awaitHandoverEnd(input: { workflowId: string; runId: string }): Promise<void>;
}

export interface NodeStep {
  readonly service: string;
  readonly node: string;
  /** What a start is granted for; and a node takes no command of a step whose epoch is below that of one which came later. */
  readonly epoch: number;
  /** The handover this step belongs to: workflow run id of the handover that was announced. */
  readonly handover: string;
}

export interface UndoStep extends NodeStep {
  /** Epoch of the handover whose generations are meant; a recovery has one of its own. */
  readonly madeIn: number;
}

export interface Opening {
  readonly state: ServiceState;
  /** Whether the server knows our search attributes. */
  readonly searchAttributes: boolean;
}

export interface PreflightInput {
  readonly service: string;
  readonly to?: string;
  /** The holder that `service` knows of. */
  readonly holder?: string;
  readonly enrolBlankStick: boolean;
  readonly epoch: number;
}

/** The standby's stick as the preflight read it (I11). */
export interface AdmittedStick {
  /** USB serial number; undefined where the stick has none that can be read. */
  readonly serialNumber?: string;
  /** The user agreed that a blank one is taken. */
  readonly enrolled: boolean;
}

export interface PreflightResult {
  readonly admitted?: AdmittedStick;
  readonly findings: readonly Finding[];
  /** Set when it could be established. */
  readonly from?: string;
  readonly to?: string;
  /** Highest epoch that any node has recorded. */
  readonly highestEpoch: number;
  /** Highest outgoing counter that any node's newest generation or coordinator holds. */
  readonly highestCounters: FrameCounters;
}

export interface NodeFacts {
  readonly node: string;
  readonly reachable: boolean;
  readonly running: boolean | "unknown";
  /** The epoch granted to this node in its present boot. */
  readonly grantedEpoch?: number;
  /** The highest epoch it has seen. */
  readonly epoch: number;
  readonly coordinatorDirty: boolean;
  /** The highest outgoing counters that were ever written to its coordinator. */
  readonly counters: FrameCounters;
  /** Why it could not be reached or understood. */
  readonly detail?: string;
}

export interface StopResult {
  /** ISO time, by the worker's clock, just before the stop was issued. */
  readonly issuedAt: string;
  readonly wasRunning: boolean;
}

export interface GenerationRef {
  readonly id: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly coordinatorIeee: string;
  readonly counters: FrameCounters;
}

export interface StartResult {
  readonly issuedAt: string;
}

export interface Proof {
  /** When the first device answered, ISO time by the worker's clock. */
  readonly firstAnswerAt: string;
  readonly answered: number;
  readonly asked: number;
}
