import type { Duplex, Readable } from "node:stream";

export interface RunOptions {
  /** Positional parameters `$1`, `$2` … of the script. The only way for a value to enter a script (no interpolation). The node's list of processes shows them: secrets go by input. */
  readonly args?: readonly string[];
  /**
   * Standard input, then its end; a stream is destroyed afterwards. Without it the remote command is supervised: it ends when the connection or the
   * caller goes away. With it, a lost connection looks to the command like the end of its input, so its script must check what came (see files.ts).
   */
  readonly input?: Uint8Array | Readable;
  /** Run with the node's configured privilege (root, sudo, doas). Default false. */
  readonly privileged?: boolean;
  /** Milliseconds, from when it may run, until the command is ended and COMMAND_TIMED_OUT is thrown. Default 30 000. */
  readonly timeoutMs?: number;
  /** Aborting ends the remote command and its children, and rejects with the signal's reason once they are gone (else with OUTCOME_UNKNOWN). */
  readonly signal?: AbortSignal;
  /** Receives standard output as it comes, no faster than it returns; `stdout` of the result, otherwise limited to 16 MiB, is then empty. */
  readonly onStdout?: (chunk: Buffer) => void | Promise<void>;
  /**
   * For a conversation (see open-session.ts): standard output, which needs onStdout, comes byte for byte with nothing held back. What is printed last,
   * when nobody asks any more, may be lost.
   */
  readonly interactive?: boolean;
  /** At most one exclusive command runs on a node at a time, across controllers; NODE_BUSY after 15 s of waiting. */
  readonly exclusive?: boolean;
}

export interface RunResult {
  /** Exit status. A command that a signal ended has 128 + its number. Never null: a lost connection throws OUTCOME_UNKNOWN. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * `forbidden`: the node's sshd forwards no connections; `unreachable`: nobody answers at that address; `unresolved`: the node
 * does not know the name, or has no network.
 */
export class ForwardRefused extends Error {
  readonly reason: "forbidden" | "unreachable" | "unresolved";

  constructor(reason: ForwardRefused["reason"]) {
    super(`forwarding was refused: ${reason}`);
    this.reason = reason;
  }
}

/** One node, reached somehow. Scripts are POSIX sh and must run under busybox ash and dash. */
export interface Host {
  /** The node's name in understudy.yaml. */
  readonly name: string;
  /**
   * Runs a script and resolves with its exit status, whatever that is.
   * Rejects with UnderstudyError HOST_UNREACHABLE, HOST_KEY_*, AUTHENTICATION_FAILED, PRIVILEGE_REFUSED, NODE_BUSY, NODE_NOT_UNDERSTOOD (nothing ran),
   * COMMAND_TIMED_OUT, COMMAND_FAILED for too much output (it was ended), OUTCOME_UNKNOWN (connection lost under the command, or it cannot be ended).
   */
  run(script: string, options?: RunOptions): Promise<RunResult>;
  /**
   * Connects to an address as the node sees it. The stream is closed when the connection to the node is lost.
   * Rejects with UnderstudyError as `run` does, and with ForwardRefused where the node cannot reach the address or must not.
   */
  forward(target: ForwardTarget, signal?: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}
