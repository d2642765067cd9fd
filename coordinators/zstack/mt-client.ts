import type { Link } from "./link.ts";
import { coordinatorError, type Place } from "./failures.ts";
import { Frame, Parser, RPC_ERROR, Subsystem, Type } from "./framing.ts";

/** One kind of command: subsystem and number. */
export interface MtCommand {
  readonly subsystem: Subsystem;
  readonly id: number;
}

/** Nothing answered in time. What was asked may still have been done. Never means that an item is absent. */
export class NoAnswer extends Error {}

/** The firmware does not know the command. */
export class UnknownCommand extends Error {}

const PING: MtCommand = { subsystem: Subsystem.SYS, id: 0x01 };
/** Z-Stack answers within 20 ms; while it compacts its flash, within some hundreds. */
const ANSWER_MS = 3000;
const PING_MS = 1000;
const PINGS = 3;
/** Longer than any frame: fills up one that was begun, so that the next is seen as one. Zeros between frames are ignored. */
const FILLING = Buffer.alloc(256);
/** Leaves the boot loader of a CC253x, which waits for a minute after power-up. Nothing to any other. */
const LEAVE_BOOT_LOADER = Buffer.from([0xef]);

interface Waiting {
  readonly fits: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * TI's Monitor and Test protocol with one coordinator: one request at a time, each with its own answer. An answer does not say
 * which item it is about, so after a missing one `recover` must be called before the next request: it lets late answers pass.
 */
export class MtClient {
  readonly place: Place;
  readonly #link: Link;
  readonly #parser = new Parser();
  readonly #waiting = new Set<Waiting>();
  #closed: Promise<unknown> | undefined;

  constructor(link: Link, place: Place) {
    this.#link = link;
    this.place = place;
    this.#parser.on("parsed", (frame: Frame) => this.#arrived(frame));
    link.stream.on("data", (chunk: Buffer) => this.#parser.write(chunk));
    link.stream.once("close", () => this.#lost());
    link.stream.once("end", () => this.#lost());
    link.stream.resume();
  }

  /** The answer's data. Rejects NoAnswer, UnknownCommand, and the link's reason where that is lost. */
  async request(command: MtCommand, data: Buffer = Buffer.alloc(0), timeoutMs: number = ANSWER_MS): Promise<Buffer> {
    const answer = this.#next((frame) => isAnswer(frame, command), timeoutMs);
    this.#send(Type.SREQ, command, data);
    const frame = await answer;
    if (frame.subsystem === RPC_ERROR) throw new UnknownCommand("the firmware does not know a command");
    return frame.data;
  }

  /** Sends what has no answer. */
  send(command: MtCommand, data: Buffer): void {
    this.#send(Type.AREQ, command, data);
  }

  /** Bytes that are no frame. */
  sendRaw(bytes: Buffer): void {
    this.#link.stream.write(bytes);
  }

  /** The data of the next indication of a kind, and, if given, of such data; `meanwhile` sees the others until then. Rejects as `request`. */
  async indication(
    command: MtCommand,
    timeoutMs: number,
    options: {
      readonly where?: (data: Buffer) => boolean;
      readonly meanwhile?: (command: MtCommand, data: Buffer) => void;
    } = {},
  ): Promise<Buffer> {
    const frame = await this.#next((candidate) => {
      if (candidate.type !== Type.AREQ) return false;
      if (isOf(candidate, command) && (options.where?.(candidate.data) ?? true)) return true;
      options.meanwhile?.({ subsystem: candidate.subsystem, id: candidate.commandID }, candidate.data);
      return false;
    }, timeoutMs);
    return frame.data;
  }

  /**
   * Makes sure that requests and answers belong together: from a ping's own answer on, none of an earlier request can come.
   * @throws UnderstudyError COORDINATOR_UNREADABLE where nothing answers.
   */
  async recover(): Promise<void> {
    for (let attempt = 1; attempt <= PINGS; attempt++) {
      try {
        await this.request(PING, Buffer.alloc(0), PING_MS);
        return;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        this.sendRaw(FILLING);
        this.sendRaw(LEAVE_BOOT_LOADER);
      }
    }
    throw coordinatorError(
      this.place,
      "COORDINATOR_UNREADABLE",
      "it does not answer.",
      "try again; if it stays so, unplug it and plug it in again.",
    );
  }

  #send(type: Type, command: MtCommand, data: Buffer): void {
    this.#link.stream.write(new Frame(type, command.subsystem, command.id, data).toBuffer());
  }

  #next(fits: Waiting["fits"], timeoutMs: number): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        fits,
        resolve: (frame) => {
          done();
          resolve(frame);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiting.reject(new NoAnswer("no answer came in time")), timeoutMs);
      this.#waiting.add(waiting);
      if (this.#closed) void this.#closed.then(waiting.reject);
    });
  }

  #arrived(frame: Frame): void {
    for (const waiting of this.#waiting) if (waiting.fits(frame)) waiting.resolve(frame);
  }

  #lost(): void {
    this.#closed ??= this.#link.failure();
    for (const waiting of this.#waiting) void this.#closed.then(waiting.reject);
  }
}

function isAnswer(frame: Frame, command: MtCommand): boolean {
  if (frame.type !== Type.SRSP) return false;
  if (isOf(frame, command)) return true;
  // An error, then the two command bytes that were not understood.
  if (frame.subsystem !== RPC_ERROR || frame.data.length < 3) return false;
  const subsystem: Subsystem = frame.data.readUInt8(1) & 0x1f;
  return subsystem === command.subsystem && frame.data.readUInt8(2) === command.id;
}

function isOf(frame: Frame, command: MtCommand): boolean {
  return frame.subsystem === command.subsystem && frame.commandID === command.id;
}
