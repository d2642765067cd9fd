import { UnderstudyError } from "../model/errors.ts";
import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

export interface FailureFacts {
  /** Stable id, as in model/errors.ts; a few belong to the command line alone. */
  readonly id: string;
  readonly exitCode: ExitCode;
  /** What happened and why. */
  readonly what: string;
  /** What to do next. */
  readonly next?: string;
  /** Further members of the JSON object that `-o json` prints. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The end of a command that did not do what it was asked for. */
export class CliFailure extends Error {
  readonly id: string;
  readonly exitCode: ExitCode;
  readonly what: string;
  readonly next: string | undefined;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(facts: FailureFacts) {
    super(facts.what, { cause: facts.cause });
    this.name = "CliFailure";
    this.id = facts.id;
    this.exitCode = facts.exitCode;
    this.what = facts.what;
    this.next = facts.next;
    this.extra = facts.extra ?? {};
  }
}

export function usageFailure(what: string, next: string): CliFailure {
  return new CliFailure({ id: "USAGE", exitCode: EXIT.usage, what, next });
}

/** Anything thrown, as the failure to report. What nobody foresaw counts as unknown (I7). */
export function toFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof UnderstudyError) {
    const what = error.node ? `${error.node}: ${error.what}` : error.what;
    return new CliFailure({ id: error.id, exitCode: EXIT.usage, what, next: error.next, cause: error });
  }
  return new CliFailure({
    id: "INTERNAL",
    exitCode: EXIT.unknown,
    what: `Something unforeseen happened: ${error instanceof Error ? error.message : String(error)}`,
    next: "look with `understudy status`, and report it as a bug.",
    cause: error,
  });
}
