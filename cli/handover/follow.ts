import { setTimeout as delay } from "node:timers/promises";
import { WorkflowFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { PROGRESS_QUERY } from "../../workflows/contract.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { isDeadline, isNotFound } from "../temporal/errors.ts";
import { hasWorker } from "../temporal/pollers.ts";
import { unknown, verdictOfFailure, verdictOfResult } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

export interface Execution {
  readonly service: string;
  readonly workflowId: string;
  readonly runId: string;
}

export interface FollowOptions {
  readonly taskQueue: string;
  /** How long Temporal may be away before watching is given up, in ms. */
  readonly patienceMs: number;
  /** Gets each report as it changes. */
  readonly onProgress: (report: HandoverReport) => void;
  /** Gets a sentence when nothing moves, and when it moves again. */
  readonly onTrouble: (sentence: string) => void;
  /** Aborting stops the watching, never the handover. */
  readonly signal: AbortSignal;
}

const POLL_MS = 400;
const QUERY_TIMEOUT_MS = 3_000;
const RETRY_MS = 1_000;
/** One question for the result waits this long; the client's own retries end with it. */
const WAIT_MS = 15_000;
/** A first answer may take as long as the worker needs to take the workflow up. */
const SILENCE_MS = 6_000;

/**
 * Watches one run of a handover until it ends, and says how. Temporal away for longer than the patience, a vanished run
 * and an abort give `unknown` (I7); it never rejects for those.
 */
export async function followHandover(client: Client, execution: Execution, options: FollowOptions): Promise<Verdict> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const seen: { last?: HandoverReport } = {};
  const watching = watchProgress(client, execution, { ...options, signal }, (report) => {
    seen.last = report;
    options.onProgress(report);
  });
  try {
    return await awaitVerdict(client, execution, options, seen);
  } finally {
    over.abort();
    await watching;
  }
}

async function awaitVerdict(
  client: Client,
  execution: Execution,
  options: FollowOptions,
  seen: { last?: HandoverReport },
): Promise<Verdict> {
  const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
  let awaySince: number | undefined;
  for (;;) {
    try {
      const result = await untilAborted(
        client.withAbortSignal(options.signal, () =>
          client.withDeadline(Date.now() + Math.min(WAIT_MS, options.patienceMs), () => handle.result()),
        ),
        options.signal,
      );
      return verdictOfResult(result, { ...execution, last: seen.last });
    } catch (error) {
      const known = { ...execution, last: seen.last };
      if (options.signal.aborted)
        return unknown(known, "No longer watched; the handover goes on.", `understudy wait ${execution.runId}`);
      if (error instanceof WorkflowFailedError) return verdictOfFailure(error.cause, known);
      if (isNotFound(error)) {
        return unknown(
          known,
          "Temporal no longer knows this handover: its database was lost or replaced.",
          "look at the nodes, then see `understudy status`.",
        );
      }
      if (await answers(client)) {
        awaySince = undefined;
        if (isDeadline(error)) continue;
      }
      awaySince ??= Date.now();
      if (awaySince + options.patienceMs < Date.now()) {
        return unknown(
          known,
          "Temporal no longer answers; the handover was started and what became of it cannot be told from here.",
          `see that Temporal and the worker run (\`understudy start\`), then: understudy wait ${execution.runId}`,
        );
      }
      await delay(RETRY_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

async function watchProgress(
  client: Client,
  execution: Execution,
  options: FollowOptions,
  report: (report: HandoverReport) => void,
): Promise<void> {
  const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
  let answeredAt = Date.now();
  let troubled = "";
  while (!options.signal.aborted) {
    try {
      report(
        await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query<HandoverReport>(PROGRESS_QUERY)),
      );
      answeredAt = Date.now();
      if (troubled) options.onTrouble("It moves again.");
      troubled = "";
    } catch {
      // The verdict does not depend on it. What keeps the answer away is said once.
      if (!options.signal.aborted && Date.now() - answeredAt > SILENCE_MS) {
        const trouble = await nameTrouble(client, options.taskQueue);
        if (trouble && trouble !== troubled) options.onTrouble(trouble);
        troubled = trouble || troubled;
      }
    }
    await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

async function nameTrouble(client: Client, taskQueue: string): Promise<string> {
  try {
    const working = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => hasWorker(client, taskQueue));
    return working ? "" : "No worker is running, so nothing moves: run `understudy start`.";
  } catch {
    return "Temporal does not answer at the moment; trying again. The handover itself waits for it too, nothing is lost.";
  }
}

async function answers(client: Client): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => client.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}

/** Rejects at once when the signal is aborted, whatever the promise does. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
