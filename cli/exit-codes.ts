import type { HandoverOutcome } from "../workflows/contract.ts";

/** What a program that calls `understudy` may rely on. Documented in docs/command-line.md; the numbers never change. */
export const EXIT = {
  done: 0,
  usage: 1,
  refused: 2,
  returned: 3,
  failed: 4,
  unknown: 5,
  otherHandover: 6,
  temporalUnreachable: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANING: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: "done, or rehearsed",
  [EXIT.usage]: "wrong usage, or an error in the configuration",
  [EXIT.refused]: "refused before any change",
  [EXIT.returned]: "failed, and the old node serves again",
  [EXIT.failed]: "failed, a person is needed",
  [EXIT.unknown]: "unknown: what holds could not be established, or is no longer watched",
  [EXIT.otherHandover]: "another handover of the service is running",
  [EXIT.temporalUnreachable]: "Temporal cannot be reached; nothing was started",
};

const BY_OUTCOME: Readonly<Record<HandoverOutcome, ExitCode>> = {
  done: EXIT.done,
  rehearsed: EXIT.done,
  refused: EXIT.refused,
  returned: EXIT.returned,
  failed: EXIT.failed,
  unknown: EXIT.unknown,
};

export function exitCodeOf(outcome: HandoverOutcome): ExitCode {
  return BY_OUTCOME[outcome];
}

/** The section that every `--help` ends with. */
export function exitCodesHelp(): string {
  const lines = Object.entries(MEANING).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}
