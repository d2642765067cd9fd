/**
 * The one vocabulary of errors. An id is stable: it names a paragraph of docs/troubleshooting.md, becomes the `type` of
 * the Temporal ApplicationFailure, and decides whether trying again can help.
 */
export const ERROR_IDS = {
  // configuration
  CONFIG_INVALID: { retryable: false },
  // reaching a node
  HOST_UNREACHABLE: { retryable: true },
  HOST_KEY_UNKNOWN: { retryable: false },
  HOST_KEY_CHANGED: { retryable: false },
  HOST_KEY_REVOKED: { retryable: false },
  AUTHENTICATION_FAILED: { retryable: false },
  PRIVILEGE_REFUSED: { retryable: false },
  COMMAND_FAILED: { retryable: false },
  COMMAND_TIMED_OUT: { retryable: false },
  /** The connection was lost under a command: it may or may not have taken effect (I7). Every step may run twice (I9). */
  OUTCOME_UNKNOWN: { retryable: true },
  NODE_BUSY: { retryable: true },
  NODE_NOT_UNDERSTOOD: { retryable: false },
  // the service on a node
  SERVICE_DID_NOT_STOP: { retryable: false },
  SERVICE_DID_NOT_START: { retryable: false },
  // the coordinator
  COORDINATOR_MISSING: { retryable: false },
  COORDINATOR_BUSY: { retryable: true },
  COORDINATOR_NOT_SILENT: { retryable: true },
  /** Its firmware hangs, and the configured reset could not be made or did not help. */
  COORDINATOR_NOT_RESET: { retryable: false },
  COORDINATOR_FOREIGN: { retryable: false },
  COORDINATOR_UNREADABLE: { retryable: true },
  COORDINATOR_WRITE_FAILED: { retryable: true },
  COORDINATOR_VERIFY_FAILED: { retryable: true },
  /** A write to it began and did not end well: it is never started so. */
  COORDINATOR_DIRTY: { retryable: false },
  COORDINATOR_TOOL_MISSING: { retryable: false },
  COUNTER_EXHAUSTED: { retryable: false },
  // fencing
  /** A rung of the ladder could not be used, or did not prove what it should. */
  FENCING_FAILED: { retryable: true },
  // files
  GENERATION_INVALID: { retryable: false },
  /** Zigbee2MQTT was asked for a live backup and wrote none. */
  BACKUP_NOT_WRITTEN: { retryable: true },
  TRANSFER_FAILED: { retryable: true },
  DISK_FULL: { retryable: false },
  // a handover
  PREFLIGHT_REFUSED: { retryable: false },
  EPOCH_SUPERSEDED: { retryable: false },
  HANDOVER_IN_PROGRESS: { retryable: false },
  PROOF_FAILED: { retryable: false },
  /** It runs and answers, but too few devices answer through it. */
  DEVICES_SILENT: { retryable: false },
  BROKER_UNREACHABLE: { retryable: true },
} as const satisfies Record<string, { retryable: boolean }>;

export type ErrorId = keyof typeof ERROR_IDS;

export interface ErrorFacts {
  /** What happened and why, one sentence or two, never with a secret or with a command's output. */
  readonly what: string;
  /** What the reader should do next. */
  readonly next: string;
  /** The node it happened to, as named in understudy.yaml. */
  readonly node?: string;
  readonly cause?: unknown;
}

/** An error that says what happened, to which node, why, and what to do next. */
export class UnderstudyError extends Error {
  readonly id: ErrorId;
  readonly node: string | undefined;
  readonly what: string;
  readonly next: string;

  constructor(id: ErrorId, facts: ErrorFacts) {
    super(`${facts.node ? `${facts.node}: ` : ""}${facts.what} Next: ${facts.next}`, { cause: facts.cause });
    this.name = "UnderstudyError";
    this.id = id;
    this.node = facts.node;
    this.what = facts.what;
    this.next = facts.next;
  }

  /** Whether the same call may succeed when it is simply made again. */
  get retryable(): boolean {
    return ERROR_IDS[this.id].retryable;
  }
}
