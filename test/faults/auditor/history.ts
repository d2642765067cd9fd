import type { Client } from "@temporalio/client";
import { findSecrets } from "../../home/support/secret-search.ts";
import type { Secret } from "../../home/support/secret-search.ts";

/** One run under the id that is the lock, as Temporal itself keeps it. */
export interface RunRecord {
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  readonly from: number;
  /** Undefined: it still runs. */
  readonly to: number | undefined;
  /** Activities that it scheduled, in order. */
  readonly activities: readonly string[];
  readonly events: number;
  /** What it said in the end; undefined where it was ended from outside. */
  readonly verdict: Verdict | undefined;
  /** Secrets that stand in its history, by name and form. */
  readonly secrets: readonly string[];
}

export interface Verdict {
  readonly outcome: string;
  readonly kind: string;
  readonly message: string;
  readonly next: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const OUTCOMES = ["done", "rehearsed", "refused", "returned", "failed", "unknown"];
/** Only these tell that something may have been changed. */
const CHANGING = ["announceHandover", "stopNode", "startNode", "restoreNvram", "fenceNode"];

/** Runs of the lock's id that are not in `known` yet, oldest first. */
export async function readRuns(
  client: Client,
  service: string,
  known: ReadonlySet<string>,
  secrets: readonly Secret[],
): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = 'handover:${service}'` })) {
    if (known.has(runId)) continue;
    const handle = client.workflow.getHandle(`handover:${service}`, runId);
    // The list may be some moments behind.
    const { type, status, startTime, closeTime } = await handle.describe();
    const history = await handle.fetchHistory();
    const events = history.events ?? [];
    records.push({
      runId,
      type,
      status: status.name,
      from: startTime.getTime(),
      to: closeTime?.getTime(),
      activities: events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []),
      events: events.length,
      verdict: verdictOf(events.at(-1)),
      secrets: findSecrets(everyByte(history), secrets),
    });
  }
  return records.toSorted((a, b) => a.from - b.from);
}

/** Events in the history of the service's own workflow, and the secrets in it. */
export async function readServiceHistory(
  client: Client,
  service: string,
  secrets: readonly Secret[],
): Promise<{ events: number; secrets: readonly string[] }> {
  const history = await client.workflow.getHandle(`service:${service}`).fetchHistory();
  return { events: history.events?.length ?? 0, secrets: findSecrets(everyByte(history), secrets) };
}

/** What the runs say against I7, I9 and I10. */
export function judgeRuns(runs: readonly RunRecord[]): string[] {
  const found: string[] = [];
  for (const [index, run] of runs.entries()) {
    const name = `the ${run.type} of ${new Date(run.from).toISOString()}`;
    const next = runs[index + 1];
    if (next && (run.to === undefined || next.from < run.to)) found.push(`the lock: ${name} ran beside the next one`);
    for (const secret of run.secrets) found.push(`I10: the history of ${name} holds the ${secret}`);
    if (run.to === undefined) {
      if (!next) found.push(`I7: ${name} still runs`);
      continue;
    }
    if (run.verdict) {
      found.push(...judgeVerdict(name, run.verdict));
    } else if (run.status === "COMPLETED" || run.status === "FAILED") {
      found.push(`I7: ${name} ended as ${run.status} without a verdict`);
    } else if (!next && run.activities.some((activity) => CHANGING.includes(activity))) {
      found.push(
        `I9: ${name} was ended from outside (${run.status}) after it had begun, and nobody brought it to an end`,
      );
    }
  }
  return found;
}

function judgeVerdict(name: string, { outcome, message, next }: Verdict): string[] {
  if (!OUTCOMES.includes(outcome)) return [`I7: ${name} ended as "${outcome}", which is no outcome`];
  if (message.trim() === "") return [`I7: ${name} says ${outcome}, and not why`];
  if (["returned", "failed", "unknown"].includes(outcome) && !next && !/Next:|again|serves/.test(message))
    return [`I7: ${name} says ${outcome}, and not what to do next`];
  return [];
}

type Event = NonNullable<
  Awaited<ReturnType<ReturnType<Client["workflow"]["getHandle"]>["fetchHistory"]>>["events"]
>[number];

function verdictOf(last: Event | undefined): Verdict | undefined {
  const completed = last?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  const failure = last?.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo;
  const payload = completed ?? (failure?.type?.startsWith("HANDOVER_") ? failure.details?.payloads?.[0] : undefined);
  if (!payload?.data) return undefined;
  try {
    const report = JSON.parse(Buffer.from(payload.data).toString("utf8")) as Record<string, unknown>;
    const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    return {
      outcome: text(report.outcome) ?? "",
      kind: text(report.kind) ?? "",
      message: text(report.message) ?? "",
      next: text((report.error as { next?: unknown } | undefined)?.next),
      from: text(report.from),
      to: text(report.to),
    };
  } catch {
    return undefined;
  }
}

/** All texts and bytes of an object, one after the other. */
function everyByte(value: unknown, depth = 0): Buffer {
  const parts: Buffer[] = [];
  const collect = (thing: unknown, level: number): void => {
    if (typeof thing === "string") parts.push(Buffer.from(thing), Buffer.from("\n"));
    else if (thing instanceof Uint8Array) parts.push(Buffer.from(thing), Buffer.from("\n"));
    else if (typeof thing === "object" && thing !== null && level < 30)
      for (const inner of Object.values(thing)) collect(inner, level + 1);
  };
  collect(value, depth);
  return Buffer.concat(parts);
}
