import type { CliFailure } from "./failure.ts";

export type OutputFormat = "table" | "json";

/**
 * Where a command's words go. People read standard output; with `-o json` a program does, gets exactly one object there,
 * and people's text moves to standard error.
 */
export interface Output {
  readonly format: OutputFormat;
  /** The stream that people read. */
  readonly people: NodeJS.WriteStream;
  /** A line for people. */
  say(line: string): void;
  /** A line about the command itself (warnings, questions), always on standard error. */
  note(line: string): void;
  /** The result: prints `value` with `-o json`, otherwise what `text` gives. */
  result(value: unknown, text: () => string): void;
  failure(failure: CliFailure): void;
}

export function createOutput(format: OutputFormat): Output {
  const people = format === "json" ? process.stderr : process.stdout;
  const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  return {
    format,
    people,
    say: (line) => void people.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    result: (value, text) => {
      if (format === "json") print(value);
      else people.write(`${text()}\n`);
    },
    failure: (failure) => {
      process.stderr.write(`understudy: ${failure.what}\n${failure.next ? `Next: ${failure.next}\n` : ""}`);
      if (format !== "json") return;
      const { id, what, next, exitCode, extra } = failure;
      print({ error: { id, what, ...(next ? { next } : {}) }, exitCode, ...extra });
    },
  };
}
