import {
  ActivityCancellationType,
  CancellationScope,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import type { WatchActivities } from "./activity-types.ts";
import type { Report } from "../model/evidence.ts";
import { CONTROL_UPDATE, LOOK_SIGNAL, NOTE_COPY_UPDATE, REPORT_SIGNAL, STATE_QUERY, handoverId } from "./contract.ts";
import type { Control, HandoverReport, ServiceState, Settled, SwitchoverInput, Unfinished } from "./contract.ts";
import { inForce, nextExpiry, noteCopy } from "./service-control.ts";
import type { NotedCopy } from "./service-control.ts";
import { NodesLook } from "./service-look.ts";
import { ServiceBook } from "./service-state.ts";
import type { Begin, Finish } from "./service-state.ts";
import { Watchman } from "./watchman.ts";

export const stateQuery = defineQuery<ServiceState>(STATE_QUERY);
export const beginUpdate = defineUpdate<ServiceState, [Begin]>("begin");
export const announceUpdate = defineUpdate<void, [Unfinished]>("announce");
export const finishUpdate = defineUpdate<void, [Finish]>("finish");
export const settleUpdate = defineUpdate<void, [string, Settled | undefined]>("settle");
export const controlUpdate = defineUpdate<ServiceState, [Control]>(CONTROL_UPDATE);
export const noteCopyUpdate = defineUpdate<void, [NotedCopy]>(NOTE_COPY_UPDATE);
export const lookSignal = defineSignal(LOOK_SIGNAL);
export const reportSignal = defineSignal<[Report]>(REPORT_SIGNAL);

/** How long a closed handover's verdict may still be on its way. */
const VERDICT_GRACE_MS = 3_000;
/** A node that comes back is noticed within two minutes, however long it was away. */
const RECOVERY_BACKOFF_MS = { first: 15_000, most: 60_000 };

const { awaitHandoverEnd } = proxyActivities<WatchActivities>({
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  startToCloseTimeout: 24 * 3_600_000,
  heartbeatTimeout: 10_000,
  retry: { initialInterval: 1_000, maximumInterval: 10_000 },
});

export interface ServiceInput {
  readonly service: string;
  /** The state before continue-as-new. */
  readonly carried?: ServiceState;
}

/** One per service, for ever: who holds it, under which epoch, what happened; recovers a handover that gave no verdict. */
export async function service(input: ServiceInput): Promise<never> {
  const book = input.carried ? new ServiceBook(input.carried) : ServiceBook.fresh(input.service);

  setHandler(stateQuery, () => book.state, { description: "Holder, epoch, current handover, history" });
  setHandler(beginUpdate, (begin) => book.begin(begin, new Date()), { description: "A handover begins" });
  setHandler(announceUpdate, (announced) => book.announce(announced), {
    description: "A handover is about to change something",
    validator: (announced) => {
      const refusal = book.mayAnnounce(announced);
      if (refusal) throw ApplicationFailure.nonRetryable(refusal, "EPOCH_SUPERSEDED");
    },
  });
  setHandler(settleUpdate, (runId, found) => book.settle(runId, found), {
    description: "An unfinished handover was recovered",
  });
  setHandler(controlUpdate, (control) => book.control(control, new Date()), {
    description: "A person orders something",
    validator: (control) => {
      const refusal = book.mayControl(control, new Date());
      if (refusal) throw ApplicationFailure.nonRetryable(refusal, "CONTROL_REFUSED");
    },
  });
  setHandler(noteCopyUpdate, (noted) => book.change((state) => noteCopy(state, noted)), {
    description: "A sync tells what a standby holds",
  });
  const watchman = new Watchman(book);
  setHandler(reportSignal, (report) => watchman.hear(report), { description: "A trigger reports what it saw" });

  const nodes = new NodesLook(book);
  setHandler(
    finishUpdate,
    (finish) => {
      book.finish(finish, new Date());
      // It may have been refused because the nodes know more.
      if (finish.report.kind === "failover" && finish.report.outcome === "refused") nodes.want();
    },
    { description: "A handover gives its verdict" },
  );
  setHandler(lookSignal, () => nodes.want(), { description: "Compare with what the nodes say" });
  void nodes.keepLooking();
  void watchman.keepWatching();
  for (let failedRecoveries = 0; ;) {
    book.change((state) => inForce(state, new Date()));
    await untilSomethingIsToBeDone(book);
    if (isLong()) {
      await condition(() => allHandlersFinished() && watchman.idle && nodes.idle);
      await continueAsNew<typeof service>({ service: input.service, carried: book.state });
    } else if (book.state.current) {
      setCurrentDetails(describe(book.state));
      await watch(book, book.state.current);
    } else if (book.state.unfinished) {
      await backOff(book, failedRecoveries);
      if (isLong() || book.state.current || !book.state.unfinished) continue;
      await recover(book, book.state.unfinished);
      failedRecoveries = book.state.unfinished ? failedRecoveries + 1 : 0;
    }
  }
}

/** Its history is to be begun anew. A handover, which may wait for a person for months, goes on meanwhile. */
function isLong(): boolean {
  return workflowInfo().continueAsNewSuggested;
}

/** Returns at the latest when the next hold ends, so that its end is seen without anybody asking. */
async function untilSomethingIsToBeDone(book: ServiceBook): Promise<void> {
  const shown = book.state;
  setCurrentDetails(describe(shown));
  const due = () => book.state !== shown || isLong();
  if (shown.current ?? shown.unfinished) return;
  const expiry = nextExpiry(shown);
  if (expiry === undefined) await condition(due);
  else await condition(due, Math.max(1, expiry - Date.now()));
}

/** Waits until the current handover gave its verdict, or closed without one (terminated, lost), or the history has become long. */
async function watch(book: ServiceBook, current: NonNullable<ServiceState["current"]>): Promise<void> {
  const over = () => book.state.current?.runId !== current.runId;
  const watching = new CancellationScope();
  const closed = watching
    .run(() => awaitHandoverEnd({ workflowId: current.workflowId, runId: current.runId }))
    .then(() => true)
    .catch((error: unknown) => {
      if (isCancellation(error)) return false;
      throw error;
    });
  const told = condition(() => over() || isLong()).then(() => false);
  if (await Promise.race([closed, told])) {
    if (!(await condition(over, VERDICT_GRACE_MS))) book.lost(current.runId);
  } else if (over() && book.state.unfinished) {
    // The recovery needs its id, and the verdict is told just before the run closes.
    await closed;
  }
  watching.cancel();
  await closed;
}

async function backOff(book: ServiceBook, failedRecoveries: number): Promise<void> {
  if (failedRecoveries === 0) return;
  const wait = Math.min(RECOVERY_BACKOFF_MS.first * 2 ** (failedRecoveries - 1), RECOVERY_BACKOFF_MS.most);
  await condition(() => book.state.current !== undefined || book.state.unfinished === undefined, wait);
}

/**
 * Starts the recovery under the handover's own id, so that no other handover runs beside it, and waits until it has ended or the
 * history has become long: then it is watched like any other. Whether it worked is in the state.
 */
async function recover(book: ServiceBook, unfinished: Unfinished): Promise<void> {
  const name = book.state.service;
  const args: [SwitchoverInput] = [
    { service: name, reason: "the handover before it ended without a verdict", recover: unfinished },
  ];
  try {
    const child = await startChild<(input: SwitchoverInput) => Promise<HandoverReport>>("switchover", {
      workflowId: handoverId(name),
      args,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Recovery of the handover of ${name} from ${unfinished.from} to ${unfinished.to}`,
    });
    await Promise.race([hasEnded(child), condition(() => book.state.current !== undefined && isLong())]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    // Another handover took the id: it recovers first and is watched like any other.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** However it ended, one that was cancelled too: a recovery that failed gave its verdict. */
async function hasEnded(recovery: { result(): Promise<unknown> }): Promise<void> {
  try {
    await recovery.result();
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
  }
}

function describe(state: ServiceState): string {
  const last = state.history[0];
  return [
    `**${state.service}**: ${state.holder ? `runs on ${state.holder}` : "holder not known yet"}, epoch ${state.epoch}`,
    ...(state.current ? [`Handover in progress since ${state.current.since}`] : []),
    ...(state.unfinished
      ? [`A handover from ${state.unfinished.from} to ${state.unfinished.to} ended without a verdict`]
      : []),
    ...(last ? [`Last: ${last.message} (${last.endedAt})`] : []),
  ].join("\n\n");
}
