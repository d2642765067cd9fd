import type { FrameCounters } from "../model/frame-counters.ts";
import type { FailoverPolicy } from "../config/automation.ts";
import type { Evidence } from "../model/evidence.ts";
import type { FenceProof } from "../model/fence.ts";
import type {
  Control,
  Copy,
  FenceTestInput,
  Finding,
  HandoverReport,
  ServiceState,
  Settled,
  SyncInput,
  Unfinished,
} from "./contract.ts";

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
  closeHandover(input: {
    service: string;
    report: HandoverReport;
    highestCounters?: FrameCounters;
    order?: Control;
  }): Promise<void>;

  /** Tells `service` that an unfinished handover was completed or returned, and what holds since. */
  settleHandover(input: { service: string; runId: string; found?: Settled }): Promise<void>;

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
  applyConfig(input: NodeStep & { generation: GenerationRef }): Promise<Applied>;
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
  /** The standby's idle coordinator scans for the network (a beacon of our PAN from 0x0000 is a veto). Never rejects because it cannot. */
  listenForActive(input: ListenInput): Promise<Listening>;
}

export interface SyncActivities {
  /**
   * Looks whether all standbys hold what the active node has, and if so tells `service`: `fresh`. Changes nothing on any node, takes
   * seconds, and needs no lock. `skipped`: why no sync is to be made now. Neither: a sync is needed to tell.
   */
  confirmCopies(input: { service: string }): Promise<{
    readonly fresh?: {
      readonly active: string;
      readonly generation: GenerationRef;
      readonly standbys: readonly { readonly node: string; readonly preloaded: boolean }[];
    };
    readonly skipped?: string;
  }>;
  /** What `service` knows; started if need be, and waited for until it knows who serves, for some seconds. */
  askService(input: { service: string }): Promise<ServiceState>;
  /**
   * Everything a standby needs, from the running active node, as a generation there; `changed` is false where the newest one still
   * holds. Asks `service` first whether a sync may be made.
   */
  captureLive(input: CaptureInput): Promise<LiveCapture>;
  /** `preloadCoordinator`, and tells `service` what the standby holds then: one step, because an idle home must cost little. */
  refreshCopy(input: PreloadInput & Pick<Copy, "at" | "listenedAt" | "guard">): Promise<Preload>;
  /** Writes the idle standby's coordinator ahead of time and leaves it silent, if it does not hold this generation's network. */
  preloadCoordinator(input: PreloadInput): Promise<Preload>;
  /**
   * Lets a standby's idle, preloaded coordinator listen while the active node serves, at most once an hour, and keeps on the standby
   * what it heard: only then does a later silence mean something. Not before the service is armed: a scan resets the stick.
   */
  noteListening(input: ListenInput): Promise<Listening>;
  /** Tells `service` what a standby holds. */
  noteCopy(input: { service: string; node: string; copy: Copy }): Promise<void>;
  /** Ends a sync that is under way, and waits until it has ended: a handover needs the standby for itself. */
  cancelSync(input: { service: string }): Promise<void>;
  /** What a handover or a sync would disturb on the node that serves: devices that join, are interviewed or updated. Undefined: nothing. */
  findDisturbance(input: { service: string; node: string }): Promise<string | undefined>;
}

export interface CaptureInput {
  readonly service: string;
  readonly by: SyncInput["by"];
  /** Workflow run id of the sync. */
  readonly handover: string;
}

export interface LiveCapture {
  /** Why nothing was captured now: one sentence. Nothing else is set then. */
  readonly skipped?: string;
  readonly generation?: GenerationRef;
  /** False: the newest generation still holds. */
  readonly changed?: boolean;
  /** Zigbee2MQTT was asked to read its coordinator. */
  readonly liveBackup?: boolean;
  /** What `service` knew before. */
  readonly known?: {
    readonly active: string;
    readonly epoch: number;
    readonly highestCounters: FrameCounters;
    readonly copies: Readonly<Record<string, Copy>>;
  };
  /** All nodes but the active one, without those that a person took out. */
  readonly standbys?: readonly string[];
  /** Idle coordinators may be written: by the setting `sync.preload`, and because the service is armed or a person asks. */
  readonly mayWrite?: boolean;
  /** The active node's guard was at work just now (`failover.selfFence`). */
  readonly guard?: Copy["guard"];
}

export interface PreloadInput extends NodeStep {
  /** It is on the node already. */
  readonly generation: GenerationRef;
  readonly highestCounters: FrameCounters;
  /** False: only look. Nothing automatic writes a radio before the service is armed. */
  readonly mayWrite: boolean;
  /** A person agreed that a blank stick becomes one of this network's. */
  readonly enrolBlankStick: boolean;
}

export interface Preload {
  /** The coordinator holds this generation's network, is silent, and its image is kept with the generation. */
  readonly preloaded: boolean;
  readonly written: "all" | "counters" | "nothing";
  /** Of the idle coordinator; no device has heard them. Undefined where it is not preloaded. */
  readonly counters?: FrameCounters;
  /** Why it is not preloaded: one sentence. */
  readonly because?: string;
}

export interface WatchmanActivities {
  /** One look from every direction. Never rejects because something could not be reached: that is what it reports. */
  examine(input: {
    service: string;
    active: string;
    thorough: boolean;
  }): Promise<{ evidence: Evidence; policy: FailoverPolicy; standbys: readonly string[] }>;
  /**
   * Starts the service again on the node that serves, under its grant; not a handover. `reset`: its coordinator hangs and is
   * reset in between. Rejects COORDINATOR_NOT_RESET where that did not help; the service is left stopped then.
   */
  restartInPlace(input: NodeStep & { reset?: true }): Promise<StartResult>;
  /** Publishes Zigbee2MQTT's retained state `online` again, if it answers at this moment and the state still says otherwise. */
  putStateRight(input: { service: string }): Promise<{ published: boolean }>;
}

export interface OperatingActivities {
  /** Throws away what a standby holds to take over from; a sync makes it anew. Refuses where the service runs. */
  discardCopy(input: NodeStep): Promise<{ generations: number }>;
}

export interface FitnessInput {
  readonly service: string;
  /** The node that is to be taken over from. Without it, it must follow from `to` and understudy.yaml. */
  readonly from?: string;
  /** The only candidate. Without it every other node is one, the one with the freshest copy first. */
  readonly to?: string;
  /** Nodes that a person took out: never candidates. */
  readonly offline: readonly string[];
  readonly copies: Readonly<Record<string, Copy>>;
  /** The highest epoch that `service` knows. */
  readonly epoch: number;
  /** A person may take over from an older copy than the policy allows, and where `service` knows less than the nodes. */
  readonly by: "service" | "person";
}

/** What a standby takes over from, and how its coordinator comes to hold it. */
export interface Takeover {
  readonly generation: GenerationRef;
  /**
   * What has to be written to its coordinator: only the counters, since it holds the generation's network already; the
   * generation's image; the network from a live generation's backup; or, where it is the very one that the old node used, its
   * own counters.
   */
  readonly write: "counters" | "image" | "network" | "own counters";
  readonly admitted: AdmittedStick;
  /** When the counters in the generation were read. ISO 8601. */
  readonly countersAt: string;
  /** Outgoing frames a second that the active coordinator may have sent since then. */
  readonly framesPerSecond: number;
}

export interface Fitness {
  readonly findings: readonly Finding[];
  readonly from?: string;
  /** The first fit standby. Without it none is fit. */
  readonly to?: string;
  readonly takeover?: Takeover;
  /** Since the copy was last known to be fresh, in ms. */
  readonly copyAgeMs?: number;
  readonly highestEpoch: number;
  readonly highestCounters: FrameCounters;
}

export type { FenceProof };

export interface FenceReport {
  /** The strongest that was proven by reading back. */
  readonly proven?: FenceProof;
  /** Self-fencing is set up on the node and its time has passed: counts only together with a scan that hears nothing. */
  readonly selfFenced: boolean;
  /** The node itself says that its stick is no longer plugged in: counts, too, only together with a scan that hears nothing. */
  readonly unplugged?: boolean;
  readonly rungs: readonly {
    /** As in understudy.yaml, without secrets: `ssh`, `snmp 10.0.0.9 outlet 3`, … */
    readonly rung: string;
    readonly proves: FenceProof;
    readonly ok: boolean;
    readonly detail: string;
    /** That it switches this node is the user's word alone (`trusted`): never tested. */
    readonly onTrust?: true;
  }[];
}

/** The drill that proves which node a rung switches. */
export interface FenceTestActivities {
  /** What there is to prove, and the facts before. Changes nothing. Rejects PREFLIGHT_REFUSED with the reason. */
  planFenceTest(input: FenceTestInput & { holder?: string }): Promise<FenceTestPlan>;
  /** Switches the node off by that rung alone and sees it go: the device reads off, and nothing but this node stopped answering. */
  fenceTestOff(input: FenceTestStep): Promise<{ detail: string }>;
  /** Gives the power back and sees the node come up under a new boot id. Done again, it does no harm. */
  fenceTestOn(input: FenceTestStep): Promise<FenceTestProof>;
}

export interface FenceTestProof {
  readonly proven: boolean;
  readonly detail: string;
  /** The node's boot from now on; undefined where only its coordinator was switched. */
  readonly bootId?: string;
}

export interface FenceTestPlan {
  readonly rungs: readonly FenceTestRung[];
  /** The node's boot before the test. */
  readonly bootId: string;
  /** The other nodes that answered before the test: they must go on answering. */
  readonly others: readonly string[];
}

export interface FenceTestRung {
  /** From 0, as in understudy.yaml. */
  readonly index: number;
  readonly name: string;
  readonly mapping: string;
}

export interface FenceTestStep {
  readonly service: string;
  readonly node: string;
  readonly rung: FenceTestRung;
  readonly bootId: string;
  readonly others: readonly string[];
}

export interface ListenInput extends NodeStep {
  /** The node that serves, or served last: whose coordinator is to be heard. */
  readonly active: string;
}

export interface Listening {
  /** False where the coordinator did not scan, or could not; `detail` says why. */
  readonly scanned: boolean;
  /** A coordinator of our PAN answered: a veto, always. */
  readonly heard: boolean;
  /** Earlier scans from this standby have heard the active one, so silence means something. */
  readonly heardBefore: boolean;
  readonly detail: string;
}

export type AllActivities = HandoverActivities &
  OperatingActivities &
  FailoverActivities &
  SyncActivities &
  FenceTestActivities &
  WatchmanActivities &
  WatchActivities;

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
  /** Nodes that a person took out (`understudy standby NODE`). */
  readonly takenOut?: readonly string[];
  readonly enrolBlankStick: boolean;
  /** A person agreed that what was changed by hand in the standby's files is replaced. */
  readonly acceptEdits?: boolean;
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
  /** Whether the gate is installed that lets it serve under a grant only (`understudy setup`). */
  readonly gate?: boolean;
  /** What it did by itself, in a sentence: stood by after a boot, fenced itself, was started without us. */
  readonly alone?: string;
  /** Another controller's mark, and how long ago it was set, by the node's clock. */
  readonly otherController?: { readonly ageMs: number };
  /** Why it could not be reached or understood. */
  readonly detail?: string;
}

export interface Applied {
  readonly files: number;
  /** What was kept of the files that they took the place of; `byHand`: because a person had changed them. */
  readonly replaced?: { readonly directory: string; readonly files: readonly string[]; readonly byHand: boolean };
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
