import { Readable, type Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Privilege, SshTarget } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { ForwardRefused, type ForwardTarget, type Host, type RunOptions, type RunResult } from "./host.ts";
import { END_GROUP_SCRIPT } from "./remote-program.ts";
import { Slots, withSignal } from "./slots.ts";
import { NotStarted, runCommand, type CommandContext } from "./ssh-command.ts";
import { openConnection, type SshConnection } from "./ssh-connection.ts";

export interface SshNode {
  readonly name: string;
  readonly ssh: SshTarget;
  readonly privilege: Privilege;
  /** What exclusive commands lock on the node, one file for all who log in there. Default /tmp/understudy.lock. */
  readonly lockFile?: string;
}

/** OpenSSH allows ten sessions on a connection (MaxSessions); two stay free for ending commands. */
const SESSIONS = 8;
const SESSION_ATTEMPTS = 10;
const SESSION_RETRY_MS = 50;
const DEFAULT_LOCK_FILE = "/tmp/understudy.lock";

/** A node reached over SSH by one connection, made when it is first needed and again after a loss. */
export function connectHost(node: SshNode): Host {
  return new SshHost(node);
}

class SshHost implements Host {
  readonly name: string;
  readonly #node: SshNode;
  readonly #sessions = new Slots(SESSIONS);
  readonly #context: CommandContext;
  /** How many commands run on each connection. One that is no longer the current one is closed with its last command. */
  readonly #users = new Map<SshConnection, number>();
  #connecting: Promise<SshConnection> | undefined;
  #current: SshConnection | undefined;
  #closed = false;

  constructor(node: SshNode) {
    this.name = node.name;
    this.#node = node;
    this.#context = {
      node: node.name,
      user: node.ssh.user,
      privilege: node.privilege,
      lockFile: node.lockFile ?? DEFAULT_LOCK_FILE,
      endGroup: async () => {},
    };
  }

  async run(script: string, options: RunOptions = {}): Promise<RunResult> {
    const input = options.input instanceof Readable ? options.input : undefined;
    // It is ours from here on: an error that comes before anybody reads it is found when it is read.
    input?.on("error", () => {});
    try {
      return await this.#runInTurn(script, options);
    } finally {
      input?.destroy();
    }
  }

  async forward(target: ForwardTarget, signal?: AbortSignal): Promise<Duplex> {
    for (let attempt = 1; ; attempt++) {
      const connection = await withSignal(this.#connect(), signal);
      const opening = connection.forward(target.host, target.port, this.#node.ssh.connectTimeoutMs);
      const opened = await withSignal(opening, signal).catch((error: unknown) => {
        void opening.then((stream) => stream.destroy()).catch(() => undefined);
        if (error instanceof ForwardRefused || signal?.aborted) throw error;
        // An idle connection may have died unnoticed, so a new one is tried, once.
        if (this.#current === connection) this.#forget();
        if (attempt === 2) throw this.#unreachable(error);
      });
      if (!opened) continue;
      this.#use(connection);
      opened.once("close", () => this.#leave(connection));
      return opened;
    }
  }

  async #runInTurn(script: string, options: RunOptions): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const release = await this.#sessions.take(options.signal);
    try {
      return await this.#runOnce(script, options);
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error;
      // An idle connection may have died unnoticed. Nothing ran, so a new one is tried, once.
      return await this.#runOnce(script, options).catch((second: unknown) => {
        throw second instanceof NotStarted ? this.#unreachable(second) : second;
      });
    } finally {
      release();
    }
  }

  /** Commands under way are lost by it: the supervised ones are ended on the node. */
  async close(): Promise<void> {
    this.#closed = true;
    const current = await this.#connecting?.catch(() => undefined);
    const connections = new Set([...this.#users.keys(), ...(current ? [current] : [])]);
    await Promise.all([...connections].map((connection) => connection.close()));
  }

  async #runOnce(script: string, options: RunOptions): Promise<RunResult> {
    const connection = await withSignal(this.#connect(), options.signal);
    const endGroup = (pid: number): Promise<void> => this.#endGroup(connection, pid, options.privileged);
    this.#use(connection);
    try {
      return await this.#inSession(connection, () =>
        runCommand(connection, { ...this.#context, endGroup }, script, options),
      );
    } catch (error) {
      // It is lost, or opens no more sessions; what still runs on it is left alone.
      if (error instanceof NotStarted && this.#current === connection) this.#forget();
      throw error;
    } finally {
      this.#leave(connection);
    }
  }

  /** sshd counts a session until it has collected its processes, so one that has just ended may stand in the way for a moment. */
  async #inSession(connection: SshConnection, run: () => Promise<RunResult>): Promise<RunResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof NotStarted) || connection.isClosed() || attempt === SESSION_ATTEMPTS) throw error;
        await sleep(SESSION_RETRY_MS);
      }
    }
  }

  #use(connection: SshConnection): void {
    this.#users.set(connection, (this.#users.get(connection) ?? 0) + 1);
  }

  #leave(connection: SshConnection): void {
    const users = (this.#users.get(connection) ?? 1) - 1;
    this.#users.set(connection, users);
    if (users > 0) return;
    this.#users.delete(connection);
    if (connection !== this.#current) void connection.close();
  }

  /** One connection at a time, whoever asks; a failed attempt is forgotten, so that the next run tries again. */
  #connect(): Promise<SshConnection> {
    if (this.#closed) return Promise.reject(this.#unreachable(new Error("closed")));
    this.#connecting ??= this.#open();
    return this.#connecting;
  }

  async #open(): Promise<SshConnection> {
    try {
      const connection = await openConnection(this.name, this.#node.ssh);
      this.#current = connection;
      connection.onClosed(() => {
        if (this.#current === connection) this.#forget();
      });
      return connection;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#connecting = undefined;
    this.#current = undefined;
  }

  async #endGroup(connection: SshConnection, pid: number, privileged: boolean | undefined): Promise<void> {
    const { code } = await runCommand(connection, this.#context, END_GROUP_SCRIPT, {
      args: [String(pid)],
      privileged,
      timeoutMs: 8_000,
    });
    if (code !== 0) throw new Error("a process outlived KILL");
  }

  #unreachable(cause: unknown): UnderstudyError {
    const { host, port, user } = this.#node.ssh;
    return new UnderstudyError("HOST_UNREACHABLE", {
      node: this.name,
      what: this.#closed
        ? "Its connection has been closed."
        : `${user}@${host}:${port} let us log in but ran no command.`,
      next: `see what happens by hand: ssh -p ${port} ${user}@${host} true`,
      cause,
    });
  }
}
