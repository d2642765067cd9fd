import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import type { HandoverActivities, WatchActivities } from "./activity-types.ts";
import { STATE_QUERY, handoverId } from "./contract.ts";
import type { HandoverReport, ServiceState, SwitchoverInput, Unfinished } from "./contract.ts";
import { ServiceBook } from "./service-state.ts";
import type { Begin, Finish } from "./service-state.ts";

export const stateQuery = defineQuery<ServiceState>(STATE_QUERY);
export const beginUpdate = defineUpdate<ServiceState, [Begin]>("begin");
export const announceUpdate = defineUpdate<void, [Unfinished]>("announce");
export const finishUpdate = defineUpdate<void, [Finish]>("finish");
export const settleUpdate = defineUpdate<void, [string]>("settle");

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

/** Only to know who serves before the first handover; a home that cannot be asked now is asked by its first preflight. */
const { readFacts } = proxyActivities<HandoverActivities>({
  startToCloseTimeout: 60_000,
  heartbeatTimeout: 10_000,
  scheduleToCloseTimeout: 120_000,
  retry: { maximumAttempts: 2 },
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
  setHandler(finishUpdate, (finish) => book.finish(finish), { description: "A handover gives its verdict" });
  setHandler(settleUpdate, (runId) => book.settle(runId), { description: "An unfinished handover was recovered" });

  if (book.state.holder === undefined) await learnHolder(book);
  for (let failedRecoveries = 0; ;) {
    setCurrentDetails(describe(book.state));
    await condition(
      () =>
        book.state.current !== undefined ||
        book.state.unfinished !== undefined ||
        workflowInfo().continueAsNewSuggested,
    );
    if (book.state.current) {
      setCurrentDetails(describe(book.state));
      await watch(book, book.state.current);
    } else if (book.state.unfinished && !workflowInfo().continueAsNewSuggested) {
      await backOff(book, failedRecoveries);
      if (book.state.current || !book.state.unfinished) continue;
      await recover(input.service, book.state.unfinished);
      failedRecoveries = book.state.unfinished ? failedRecoveries + 1 : 0;
    } else {
      await condition(allHandlersFinished);
      await continueAsNew<typeof service>({ service: input.service, carried: book.state });
    }
  }
}

async function learnHolder(book: ServiceBook): Promise<void> {
  try {
    const running = (await readFacts({ service: book.state.service })).filter((facts) => facts.running === true);
    const [only] = running;
    if (only && running.length === 1) book.learn(only.node);
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  }
}

/** Waits until the current handover gave its verdict, or closed without one (terminated, lost). */
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
  const told = condition(over).then(() => false);
  if (await Promise.race([closed, told])) {
    if (!(await condition(over, VERDICT_GRACE_MS))) book.lost(current.runId);
  } else if (book.state.unfinished) {
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

/** Starts the recovery under the handover's own id, so that no other handover runs beside it. Whether it worked is in the state. */
async function recover(name: string, unfinished: Unfinished): Promise<void> {
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
    await child.result();
  } catch (error) {
    if (isCancellation(error)) throw error;
    // Another handover took the id: it recovers first and is watched like any other. A recovery that failed gave its verdict.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError || error instanceof ChildWorkflowFailure)) throw error;
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
