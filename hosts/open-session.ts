import { Duplex, PassThrough } from "node:stream";
import type { Host, RunOptions, RunResult } from "./host.ts";

export type SessionOptions = Pick<RunOptions, "args" | "privileged" | "timeoutMs" | "signal" | "exclusive">;

/** A program on a node that is spoken with. */
export interface Session {
  /** What is written goes to the program's standard input, what is read comes from its standard output. Ends with the program. */
  readonly stream: Duplex;
  /** How the program ended. Rejects as Host.run does: a lost connection is never an end. */
  readonly ended: Promise<RunResult>;
  /** Ends the program's input and waits until it has ended by that. */
  close(): Promise<void>;
}

/**
 * Starts a script whose standard input and output are a conversation. It must end with its input: that is how it learns of a lost
 * connection. Everything else is as for Host.run, `timeoutMs` (the whole conversation's) and `signal` among it.
 */
export function openSession(host: Host, script: string, options: SessionOptions = {}): Session {
  const input = new PassThrough();
  let takeMore = (): void => undefined;
  const stream = new Duplex({
    read: () => takeMore(),
    write: (chunk: Buffer, _encoding, done) => {
      if (input.write(chunk)) done();
      else input.once("drain", done);
    },
    final: (done) => {
      input.end();
      done();
    },
    destroy: (error, done) => {
      input.end();
      takeMore();
      done(error);
    },
  });
  // Whoever reads learns of it; nobody may be reading yet.
  stream.on("error", () => undefined);
  const ended = host.run(script, {
    ...options,
    input,
    interactive: true,
    onStdout: (chunk) => {
      if (stream.destroyed || stream.push(chunk)) return;
      return new Promise<void>((resolve) => (takeMore = resolve));
    },
  });
  ended.then(
    () => stream.push(null),
    (error: unknown) => stream.destroy(error instanceof Error ? error : new Error("the session ended")),
  );
  return {
    stream,
    ended,
    close: async () => {
      input.end();
      await ended;
    },
  };
}
