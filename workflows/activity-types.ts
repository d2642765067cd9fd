import type { FrameCounters } from "../model/frame-counters.ts";
import type { Finding, HandoverReport, ServiceState, Unfinished } from "./contract.ts";

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
