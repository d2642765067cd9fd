import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import type { ClientChannel } from "ssh2";
import type { Privilege } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { RunOptions, RunResult } from "./host.ts";
import { OutputMarks } from "./output-marks.ts";
import { OutputSink } from "./output-sink.ts";
import { launch, privilegeRefused, WRONG_PASSWORD, type Launch } from "./privilege.ts";
import { GO_LINE, LOCK_WAIT_SECONDS, markPrefix, MARKS, programText } from "./remote-program.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { writeInput } from "./write-input.ts";

const LAUNCH_TIMEOUT_MS = 20_000;
/** Longer than the node needs to end a command by TERM and KILL. */
const ENDING_TIMEOUT_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const LAUNCH_TEXT_LIMIT = 16_384;

/** The connection went before the command was started, so it certainly did not run and may be tried again. */
export class NotStarted extends Error {}

export interface CommandContext {
  readonly node: string;
  readonly user: string;
  readonly privilege: Privilege;
  readonly lockFile: string;
  /** Ends a process group on the node by a command of its own; rejects if it could not. */
  endGroup(pid: number): Promise<void>;
}

type Phase = "launching" | "locking" | "running" | "ending" | "settled";

/** Runs one script over an open connection; see Host.run for the contract. Rejects with NotStarted besides. */
export function runCommand(
  connection: SshConnection,
  context: CommandContext,
  script: string,
  options: RunOptions,
): Promise<RunResult> {
  const nonce = `understudy-${randomBytes(12).toString("hex")}`;
  const program = programText(nonce, {
    script,
    args: options.args ?? [],
    takesInput: options.input !== undefined,
    interactive: options.interactive,
    lockFile: options.exclusive ? context.lockFile : undefined,
  });
  const start = launch(options.privileged ? context.privilege : { kind: "none" }, nonce);
  return new Promise((resolve, reject) => {
    const begin = (channel: ClientChannel): void =>
      new Command(channel, context, options, { nonce, program, start }, resolve, reject).begin();
    connection
      .exec(start.command, begin)
      .catch((error: unknown) => reject(new NotStarted("no session was opened", { cause: error })));
  });
}

interface Texts {
  readonly nonce: string;
  readonly program: string;
  readonly start: Launch;
}

/** One command from its launch to its verdict. Every path ends in #settle, once. */
class Command {
  readonly #channel: ClientChannel;
  readonly #context: CommandContext;
  readonly #options: RunOptions;
  readonly #texts: Texts;
  readonly #resolve: (result: RunResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #sink: OutputSink;
  readonly #stopInput = new AbortController();
  #phase: Phase = "launching";
  #launchText = "";
  #timer: NodeJS.Timeout | undefined;
  #pid: number | undefined;
  #code: number | undefined;
  /** Streams that have still to bring the end mark. */
  #openStreams: number;
  #exitSeen: string | undefined;
  /** Whether the end mark means that all of the command's processes are gone; it may else come when the first one is. */
  #groupGone = false;
  /** Why the command is being ended. */
  #endingFor: unknown;

  constructor(
    channel: ClientChannel,
    context: CommandContext,
    options: RunOptions,
    texts: Texts,
    resolve: (result: RunResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#context = context;
    this.#options = options;
    this.#texts = texts;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#openStreams = options.interactive ? 1 : 2;
    this.#sink = new OutputSink(channel, options.onStdout, (error) => this.#end(error));
  }

  begin(): void {
    this.#listen(this.#channel, (data) => this.#sink.stdout(data));
    this.#listen(this.#channel.stderr, (data) => this.#sink.stderr(data));
    this.#channel.on("error", () => {});
    this.#channel.on("exit", (code: number | null, signal?: string) => {
      this.#exitSeen = signal ?? String(code);
    });
    this.#channel.on("close", () => this.#closed());
    this.#options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#after(LAUNCH_TIMEOUT_MS, () => this.#launchTimedOut());
    if (this.#texts.start.firstLine) this.#channel.write(this.#texts.start.firstLine);
    if (this.#options.signal?.aborted) this.#onAbort();
  }

  /** Reads one stream. What comes before the ready mark is not the script's: a noisy profile's, or sudo's. */
  #listen(stream: NodeJS.ReadableStream, take: (data: Buffer) => void): void {
    const marks = new OutputMarks(markPrefix(this.#texts.nonce));
    const unmarked = this.#options.interactive === true && stream === this.#channel;
    let begun = false;
    stream.on("data", (chunk: Buffer) => {
      if (begun && unmarked) return take(chunk);
      for (const event of marks.push(chunk)) {
        if (event.kind === "mark") {
          begun = true;
          this.#mark(event.text, stream !== this.#channel);
        } else if (begun) take(event.data);
        else this.#beforeReady(event.data);
      }
      if (!begun || !unmarked) return;
      const rest = marks.release();
      if (rest.length > 0) take(rest);
    });
  }

  #beforeReady(data: Buffer): void {
    if (this.#phase !== "launching") return;
    this.#launchText = (this.#launchText + data.toString("latin1")).slice(-LAUNCH_TEXT_LIMIT);
    const { prompt } = this.#texts.start;
    // sudo asks again where the password was wrong; a PAM module may ask in its own words, but sudo then says so.
    if (prompt && (this.#launchText.split(prompt).length > 2 || /try again/i.test(this.#launchText)))
      this.#refusePrivilege(WRONG_PASSWORD);
  }

  #mark(text: string, onStderr: boolean): void {
    const [word, value = ""] = text.split(" ");
    if (word === MARKS.end) {
      this.#code = Number(value);
      this.#openStreams -= 1;
      if (this.#openStreams === 0) this.#ended();
      return;
    }
    // The others are of interest once; standard error carries them all.
    if (!onStderr) return;
    if (word === MARKS.ready) this.#ready();
    else if (word === MARKS.locked) this.#locked();
    else if (word === MARKS.pid) this.#pid = Number(value);
    else if (word === MARKS.busy) this.#settle(busy(this.#context.node));
    else if (word === MARKS.missing) this.#settle(missing(this.#context, value));
  }

  #ready(): void {
    if (this.#phase !== "launching") return;
    this.#channel.write(this.#texts.program);
    if (!this.#options.exclusive) return this.#started();
    this.#phase = "locking";
    this.#after((LOCK_WAIT_SECONDS + 10) * 1000, () => this.#settle(busy(this.#context.node)));
  }

  #locked(): void {
    if (this.#phase !== "locking") return;
    this.#channel.write(GO_LINE);
    this.#started();
  }

  /** From here on the command may be running. */
  #started(): void {
    this.#phase = "running";
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#after(timeoutMs, () => this.#end(timedOut(this.#context.node, timeoutMs)));
    const { input } = this.#options;
    if (input === undefined) return;
    writeInput(this.#channel, input, this.#stopInput.signal).catch((error: unknown) => this.#end(error));
  }

  readonly #onAbort = (): void => this.#end(this.#options.signal?.reason);

  /** Ends the command for a reason, with which the run then rejects once the command is really gone. */
  #end(reason: unknown): void {
    if (this.#phase === "settled" || this.#phase === "ending") return;
    if (this.#phase !== "running" || this.#openStreams === 0) return this.#settle(reason);
    this.#phase = "ending";
    this.#endingFor = reason;
    this.#sink.discard();
    this.#stopInput.abort();
    this.#after(ENDING_TIMEOUT_MS, () => this.#settle(notConfirmed(this.#context.node, reason)));
    if (this.#options.input !== undefined) return void this.#endGroup();
    // The watcher ends the group, and the end mark comes after that.
    this.#groupGone = true;
    this.#channel.end();
  }

  /** Standard input is the command's own here, and closing it would look like a complete, shorter input; so it is killed first. */
  async #endGroup(): Promise<void> {
    // The program's first act is to say its process id: it is on its way.
    while (this.#pid === undefined && this.#phase === "ending") await new Promise((resolve) => setTimeout(resolve, 20));
    if (this.#pid === undefined) return;
    try {
      await this.#context.endGroup(this.#pid);
      this.#groupGone = true;
      if (this.#openStreams === 0) this.#settle(this.#endingFor);
      else this.#channel.end();
    } catch {
      this.#settle(notConfirmed(this.#context.node, this.#endingFor));
    }
  }

  /** The streams have brought the end mark, so all output is here. */
  #ended(): void {
    if (this.#phase === "ending") return this.#groupGone ? this.#settle(this.#endingFor) : undefined;
    this.#stopInput.abort();
    this.#after(undefined);
    const code = this.#code;
    if (code === undefined || !Number.isInteger(code))
      return this.#settle(outcomeUnknown(this.#context.node, undefined));
    void this.#sink.finish().then(
      (output) => this.#settle(undefined, { code, ...output }),
      (error: unknown) => this.#settle(error),
    );
  }

  #closed(): void {
    if (this.#phase === "settled" || this.#openStreams === 0) return;
    if (this.#phase === "ending") return this.#settle(notConfirmed(this.#context.node, this.#endingFor));
    if (this.#phase === "running") return this.#settle(outcomeUnknown(this.#context.node, this.#exitSeen));
    if (this.#exitSeen === undefined)
      return this.#settle(new NotStarted("the connection was lost before the command started"));
    if (this.#phase === "launching" && this.#texts.start.throughTool) return this.#refusePrivilege(this.#launchText);
    this.#settle(noShell(this.#context, this.#exitSeen));
  }

  #launchTimedOut(): void {
    if (this.#texts.start.firstLine) return this.#refusePrivilege(this.#launchText);
    this.#settle(mute(this.#context));
  }

  #refusePrivilege(printed: string): void {
    const { node, user, privilege } = this.#context;
    this.#settle(privilegeRefused(node, user, privilege, printed));
  }

  #after(ms: number | undefined, act?: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = ms === undefined || !act ? undefined : setTimeout(act, ms);
  }

  #settle(error: unknown, result?: RunResult): void {
    if (this.#phase === "settled") return;
    this.#phase = "settled";
    clearTimeout(this.#timer);
    this.#stopInput.abort();
    this.#sink.discard();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    // Closing both ways frees the session even where a daemon holds the streams.
    this.#channel.close();
    if (result) this.#resolve(result);
    else this.#reject(error);
  }
}

function busy(node: string): UnderstudyError {
  return new UnderstudyError("NODE_BUSY", {
    node,
    what: `Another exclusive command has been running there for more than ${LOCK_WAIT_SECONDS} s.`,
    next: "wait for it to end; `understudy status` shows what is running.",
  });
}

function missing(context: CommandContext, what: string): UnderstudyError {
  const lockFile = what === "lock-file";
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: context.node,
    what: lockFile ? `The lock file ${context.lockFile} cannot be opened.` : `The program ${what} is not there.`,
    next: lockFile
      ? `make its directory readable to ${context.user}, or remove the file.`
      : "install util-linux (or busybox with it) on the node.",
  });
}

function timedOut(node: string, ms: number): UnderstudyError {
  return new UnderstudyError("COMMAND_TIMED_OUT", {
    node,
    what: `A command took longer than ${ms} ms and was ended.`,
    next: "see whether the node is overloaded or one of its disks hangs: run `uptime` and `dmesg` there.",
  });
}

function notConfirmed(node: string, reason: unknown): UnderstudyError {
  return new UnderstudyError("OUTCOME_UNKNOWN", {
    node,
    what: "A command was to be ended, but the node did not confirm that it is gone.",
    next: "look at the node before anything else is started there.",
    cause: reason,
  });
}

function outcomeUnknown(node: string, exit: string | undefined): UnderstudyError {
  const why =
    exit === undefined ? "The connection was lost under a command" : "The shell that watched over a command was killed";
  return new UnderstudyError("OUTCOME_UNKNOWN", {
    node,
    what: `${why}: it may or may not have taken effect.`,
    next: "reach the node again and look at the facts before anything is repeated.",
  });
}

function mute(context: CommandContext): UnderstudyError {
  return new UnderstudyError("HOST_UNREACHABLE", {
    node: context.node,
    what: `The login shell of ${context.user} did not answer within ${LAUNCH_TIMEOUT_MS} ms.`,
    next: "see by hand what holds the login up: its profile, a home directory on a network disk, an overloaded machine.",
  });
}

function noShell(context: CommandContext, exit: string): UnderstudyError {
  const status = exit in constants.signals ? `signal ${exit}` : `exit status ${exit}`;
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: context.node,
    what: `The login of ${context.user} ran no shell for us (${status}).`,
    next: `give ${context.user} a normal login shell, and this key no forced command: ssh ${context.user}@… sh -c true must work.`,
  });
}
