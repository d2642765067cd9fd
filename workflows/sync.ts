import {
  ApplicationFailure,
  ParentClosePolicy,
  isCancellation,
  proxyLocalActivities,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { onSync } from "./activities-proxy.ts";
import type { GenerationRef, LiveCapture, NodeStep, Preload, SyncActivities } from "./activity-types.ts";
import { SYNC_FAILED, syncId } from "./contract.ts";
import type { Copy, SyncInput, SyncReport, SyncedStandby } from "./contract.ts";
import { describeFailure } from "./failures.ts";
import { isListeningDue } from "./sync-rules.ts";

/** Local, and so within one workflow task: it is given up before that would have to be prolonged, which is kept in history. */
const looking = proxyLocalActivities<SyncActivities>({ startToCloseTimeout: 7_000, retry: { maximumAttempts: 1 } });

/**
 * Makes the copies of all standbys fresh. Looks for change first: without any, nothing is read from a coordinator, nothing made and
 * nothing written, and only the copies' time is noted. Fails with SYNC_FAILED where no standby holds the generation.
 */
export async function sync(input: SyncInput): Promise<SyncReport> {
  refuseBadInput(input);
  const { service, by } = input;
  const { workflowId, runId } = workflowInfo();
  if (workflowId !== syncId(service)) return (await foundFresh(input)) ?? delegate(input);
  // The copies are what the active node held when it was looked at.
  const at = new Date().toISOString();
  const captured = await onSync
    .captureLive({ service, by, handover: runId })
    .catch((error: unknown) => failedBy(service, error));
  const { generation, known, standbys: nodes = [], changed = false } = captured;
  if (!generation || !known) return end(service, "skipped", captured.skipped ?? "Nothing was captured.");

  const run: Run = { input, at, known, generation, mayWrite: captured.mayWrite === true, guard: captured.guard };
  const standbys = await Promise.all(nodes.map((node) => refresh(run, node)));
  const isFresh = standbys.length === 0 || standbys.some(({ ok }) => ok);
  const report: SyncReport = {
    service,
    outcome: !isFresh ? "failed" : changed ? "updated" : "unchanged",
    message: summarize(known.active, changed, standbys),
    generation,
    ...(captured.liveBackup === undefined ? {} : { liveBackup: captured.liveBackup }),
    standbys,
  };
  setCurrentDetails(describe(report));
  return isFresh ? report : failed(report);
}

interface Run {
  readonly input: SyncInput;
  readonly at: string;
  readonly known: NonNullable<LiveCapture["known"]>;
  readonly generation: GenerationRef;
  /** Whether an idle coordinator may be written and made to listen. */
  readonly mayWrite: boolean;
  readonly guard: LiveCapture["guard"];
}

/** The generation comes to one standby: its files, and its coordinator as far as it may be written. Failures are told, not thrown. */
async function refresh(run: Run, node: string): Promise<SyncedStandby> {
  try {
    const preload = await stage(run, node);
    await listen(run, node, preload);
    return { node, ok: true, preloaded: preload.preloaded, written: preload.written, what: inWords(preload) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { what, next } = describeFailure(error);
    return { node, ok: false, preloaded: false, written: "nothing", what, next };
  }
}

/** Where `service` knows the standby to hold it, only that is checked. */
async function stage(run: Run, node: string): Promise<Preload> {
  const { known, generation } = run;
  if (known.copies[node]?.generation.id === generation.id) {
    try {
      return await refreshCopy(run, node);
    } catch (error) {
      if (describeFailure(error).id !== "GENERATION_INVALID") throw error;
    }
  }
  const { active: from, epoch } = known;
  await onSync.transferFile({ service: run.input.service, from, to: node, epoch, generation });
  return refreshCopy(run, node);
}

function refreshCopy(run: Run, node: string): Promise<Preload> {
  const { input, known, generation, mayWrite, at } = run;
  return onSync.refreshCopy({
    ...stepOn(run, node),
    generation,
    highestCounters: known.highestCounters,
    mayWrite,
    enrolBlankStick: input.by === "person" && input.enrolBlankStick === true,
    at,
    ...noted(run, known.copies[node]?.listenedAt),
  });
}

/** That it cannot listen is a fact, which the listening itself keeps. */
async function listen(run: Run, node: string, { preloaded }: Preload): Promise<void> {
  const { input, known, generation, mayWrite, at } = run;
  const now = new Date();
  if (!preloaded || !mayWrite || !isListeningDue(known.copies[node]?.listenedAt, now)) return;
  try {
    await onSync.noteListening({ ...stepOn(run, node), active: known.active });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return;
  }
  const copy = { generation, at, preloaded, ...noted(run, now.toISOString()) };
  await onSync.noteCopy({ service: input.service, node, copy });
}

function noted({ guard }: Run, listenedAt: string | undefined): Pick<Copy, "listenedAt" | "guard"> {
  return { ...(listenedAt === undefined ? {} : { listenedAt }), ...(guard === undefined ? {} : { guard }) };
}

function stepOn({ input, known }: Run, node: string): NodeStep {
  return { service: input.service, node, epoch: known.epoch, handover: workflowInfo().runId };
}

/** What a scheduled run that finds nothing to do reports, in a fraction of a sync's events. Undefined where one is needed. */
async function foundFresh({ service, by }: SyncInput): Promise<SyncReport | undefined> {
  if (by !== "schedule") return undefined;
  try {
    const { fresh, skipped } = await looking.confirmCopies({ service });
    if (skipped !== undefined) return end(service, "skipped", skipped);
    if (!fresh) return undefined;
    const standbys = fresh.standbys.map(({ node, preloaded }): SyncedStandby => {
      const what = preloaded
        ? "It holds the copy already."
        : "It holds the copy's files; its coordinator is not written.";
      return { node, ok: true, preloaded, written: "nothing", what };
    });
    const message = summarize(fresh.active, false, standbys);
    const report: SyncReport = { service, outcome: "unchanged", message, generation: fresh.generation, standbys };
    setCurrentDetails(describe(report));
    return report;
  } catch (error) {
    if (isCancellation(error)) throw error;
    // It took too long, say: a sync has the time.
    return undefined;
  }
}

/** The Schedule starts it under an id of its own; the right id is the lock, and what a handover cancels. Only a look needs none. */
async function delegate(input: SyncInput): Promise<SyncReport> {
  try {
    await startChild<(input: SyncInput) => Promise<SyncReport>>("sync", {
      workflowId: syncId(input.service),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Sync of ${input.service}`,
    });
    return end(input.service, "started", `It runs as ${syncId(input.service)}.`);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return end(input.service, "started", `${syncId(input.service)} is running already.`);
  }
}

function end(service: string, outcome: SyncReport["outcome"], message: string): SyncReport {
  setCurrentDetails(message);
  return { service, outcome, message, standbys: [] };
}

function failedBy(service: string, error: unknown): never {
  if (isCancellation(error)) throw error;
  const { what, next } = describeFailure(error);
  return failed({ service, outcome: "failed", message: `${what} Next: ${next}`, standbys: [] });
}

function failed(report: SyncReport): never {
  setCurrentDetails(describe(report));
  throw ApplicationFailure.create({
    type: SYNC_FAILED,
    message: report.message,
    nonRetryable: true,
    details: [report],
  });
}

function inWords({ preloaded, written, because }: Preload): string {
  if (!preloaded) return `It holds the copy's files; its coordinator is not written. ${because ?? ""}`.trimEnd();
  if (written === "all") return "Its coordinator was written with the network, read back, and is silent.";
  return written === "counters"
    ? "Its coordinator's frame counters were raised; it is silent."
    : "It holds the copy already.";
}

function summarize(active: string, changed: boolean, standbys: readonly SyncedStandby[]): string {
  const made = changed ? `A new copy of ${active} was made` : `Nothing has changed on ${active}`;
  const [first] = standbys.filter(({ ok }) => !ok);
  if (standbys.length === 0) return `${made}; there is no standby.`;
  if (!first)
    return `${made}; ${standbys.map(({ node }) => node).join(" and ")} ${standbys.length > 1 ? "hold" : "holds"} it.`;
  return `${made}, but ${first.node} does not hold it: ${first.what}`;
}

function describe({ message, standbys }: SyncReport): string {
  return [message, ...standbys.map(({ node, what, next }) => `- **${node}**: ${what}${next ? ` ${next}` : ""}`)].join(
    "\n",
  );
}

function refuseBadInput(input: unknown): asserts input is SyncInput {
  const service = (input as Partial<SyncInput> | undefined)?.service;
  if (typeof service === "string" && service !== "") return;
  throw ApplicationFailure.nonRetryable(
    `The input must be an object with the service's name. Next: --input '{"service":"zigbee","by":"person"}'`,
    "BAD_INPUT",
  );
}
