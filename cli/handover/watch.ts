import type { Client } from "@temporalio/client";
import type { HandoverReport } from "../../workflows/contract.ts";
import type { Output } from "../output.ts";
import { duration, plain } from "../words.ts";
import { followHandover } from "./follow.ts";
import type { Execution } from "./follow.ts";
import { createLiveView } from "./live-view.ts";
import { refusals, stepsTable } from "./steps.ts";
import type { Verdict } from "./verdict.ts";

export interface WatchOptions {
  readonly taskQueue: string;
  readonly patienceMs: number;
}

const LEAVING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Shows a handover until it ends, then what came of it, and gives the verdict. A signal (Ctrl-C, a closed terminal) ends
 * the watching only: the handover goes on, which is said, and the exit code is `unknown`.
 */
export async function watchHandover(
  client: Client,
  execution: Execution,
  output: Output,
  options: WatchOptions,
): Promise<Verdict> {
  const leaving = new AbortController();
  const leave = () => leaving.abort(new Error("no longer watched"));
  for (const signal of LEAVING) process.on(signal, leave);
  const view = createLiveView(output);
  let verdict: Verdict;
  try {
    verdict = await followHandover(client, execution, {
      ...options,
      signal: leaving.signal,
      onProgress: (report) => view.update(report),
      onTrouble: (sentence) => view.remark(sentence),
    });
    // The steps that ended between the last look and the end.
    view.update(verdict.report);
  } finally {
    view.close();
    for (const signal of LEAVING) process.off(signal, leave);
  }
  const { report, exitCode, next } = verdict;
  output.result({ ...report, exitCode, ...(next ? { next } : {}) }, () => conclusion(verdict));
  if (output.format === "json") output.note(conclusion(verdict));
  return verdict;
}

function conclusion({ report, exitCode, next }: Verdict): string {
  return [
    stepsTable(report),
    ...refusals(report),
    plain(report.message),
    ...more(report),
    ...(next ? [`Next: ${next}`] : []),
    `Outcome: ${report.outcome ?? "unknown"} (exit code ${exitCode})`,
  ]
    .filter((line) => line !== "")
    .join("\n");
}

function more({ error, message, outcome, outageMs }: HandoverReport): readonly string[] {
  const told = error === undefined || outcome === "done" || message.includes(error.what);
  return [
    ...(outageMs === undefined
      ? []
      : [`Outage: ${duration(outageMs)}, from the stop of the old node to the first device's answer.`]),
    ...(told ? [] : [`Why: ${error.step}${error.node ? ` on ${error.node}` : ""}: ${plain(error.what)}`]),
    ...(error && outcome !== "done" ? [`Next: ${plain(error.next)}`] : []),
  ];
}
