import type { Host } from "../../hosts/host.ts";
import { notUnderstood } from "./found.ts";

/** Enough for a Raspberry Pi with a slow card to look through /proc. */
const TIMEOUT_MS = 30_000;

/** No answer of a node is larger than what its scripts let through (`head -c`); more than this is not looked at. */
const LARGEST_ANSWER = 4 * 1024 * 1024;

export interface Question {
  /** POSIX sh. Prints fields, each ended by a NUL, because names and values may hold anything else. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Default true. */
  readonly privileged?: boolean;
  /** What is being looked for, for the error: "its service manager". */
  readonly about: string;
}

/** Puts a question to a node and returns the fields of its answer. Everything in them is data from outside. */
export async function ask(host: Host, question: Question): Promise<string[]> {
  const result = await host.run(question.script, {
    args: question.args ?? [],
    privileged: question.privileged ?? true,
    timeoutMs: TIMEOUT_MS,
  });
  if (result.code !== 0 || result.stdout.length > LARGEST_ANSWER) {
    const reason = result.code === 0 ? "its answer was too long" : `the script ended with status ${result.code}`;
    throw notUnderstood(
      host.name,
      `Looking for ${question.about} failed: ${reason}.`,
      "see whether `sh`, `head`, `sed` and `grep` work on the node, and set in understudy.yaml what cannot be found.",
    );
  }
  const fields = result.stdout.toString("utf8").split("\0");
  fields.pop();
  return fields;
}

/** Groups fields into records: each begins with its kind, and `sizes` says how many fields follow. Unknown kinds end it. */
export function toRecords<K extends string>(
  fields: readonly string[],
  sizes: Readonly<Record<K, number>>,
): { kind: K; values: string[] }[] {
  const records: { kind: K; values: string[] }[] = [];
  let position = 0;
  while (position < fields.length) {
    const kind = fields[position] as K;
    const size: number | undefined = sizes[kind];
    if (size === undefined) break;
    records.push({ kind, values: fields.slice(position + 1, position + 1 + size) });
    position += 1 + size;
  }
  return records;
}
