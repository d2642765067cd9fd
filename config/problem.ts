/** A place inside the file: keys and list positions from the top. */
export type KeyPath = readonly (string | number)[];

/** One mistake in understudy.yaml. Holds no value of the file, because any value might be a secret. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Such as `services.zigbee.nodes[1].ssh.port`; empty for the file as a whole. */
  readonly key: string;
  readonly wrong: string;
  readonly mend: string;
}

/** `["services", "zigbee", "nodes", 1]` as `services.zigbee.nodes[1]`. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** One problem as two lines: where and what, then how to mend it. */
export function formatProblem(file: string, problem: Problem): string {
  const key = problem.key === "" ? "" : `${problem.key} `;
  return `${file}:${problem.line}:${problem.column}: ${key}${problem.wrong}.\n    To mend it: ${problem.mend}.`;
}
