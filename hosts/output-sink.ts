import type { ClientChannel } from "ssh2";
import { UnderstudyError } from "../model/errors.ts";

/** Bytes of standard output that a run keeps when nobody takes them as they come. */
export const STDOUT_LIMIT = 16 * 1024 * 1024;
const STDERR_LIMIT = 64 * 1024;

/** Collects what a command prints, or hands it on as it comes, no faster than it is taken. */
export class OutputSink {
  readonly #channel: ClientChannel;
  readonly #onStdout: ((chunk: Buffer) => void | Promise<void>) | undefined;
  readonly #onFailure: (error: unknown) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #stderr = "";
  #taken: Promise<void> = Promise.resolve();
  #pending = 0;
  #discarding = false;

  /** `onFailure` is called at most once, when there is too much output or the taker fails. */
  constructor(
    channel: ClientChannel,
    onStdout: ((chunk: Buffer) => void | Promise<void>) | undefined,
    onFailure: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#onStdout = onStdout;
    this.#onFailure = onFailure;
  }

  stdout(data: Buffer): void {
    if (this.#discarding) return;
    if (this.#onStdout) return this.#handOn(data, this.#onStdout);
    this.#bytes += data.length;
    if (this.#bytes > STDOUT_LIMIT) return this.#fail(tooMuch());
    this.#chunks.push(data);
  }

  /** Keeps the end of it, where the reason of a failure stands. */
  stderr(data: Buffer): void {
    if (!this.#discarding) this.#stderr = (this.#stderr + data.toString("utf8")).slice(-STDERR_LIMIT);
  }

  /** From now on output is thrown away, so that a command which is being ended never waits for us to read. */
  discard(): void {
    this.#discarding = true;
    this.#chunks = [];
    this.#channel.resume();
  }

  /** Everything, once the taker has taken it; rejects as the taker did. */
  async finish(): Promise<{ stdout: Buffer; stderr: string }> {
    await this.#taken;
    return { stdout: Buffer.concat(this.#chunks), stderr: this.#stderr };
  }

  #handOn(data: Buffer, take: (chunk: Buffer) => void | Promise<void>): void {
    this.#pending += 1;
    this.#channel.pause();
    this.#taken = this.#afterwards(this.#taken, data, take);
    this.#taken.catch((error: unknown) => this.#fail(error));
  }

  async #afterwards(
    earlier: Promise<void>,
    data: Buffer,
    take: (chunk: Buffer) => void | Promise<void>,
  ): Promise<void> {
    await earlier;
    if (!this.#discarding) await take(data);
    this.#pending -= 1;
    if (this.#pending === 0) this.#channel.resume();
  }

  #fail(error: unknown): void {
    if (this.#discarding) return;
    this.#discarding = true;
    this.#onFailure(error);
  }
}

function tooMuch(): UnderstudyError {
  return new UnderstudyError("COMMAND_FAILED", {
    what: `A command printed more than ${STDOUT_LIMIT / 1024 / 1024} MiB and was ended.`,
    next: "report this: no command that we run should print so much.",
  });
}
