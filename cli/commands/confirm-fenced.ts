import { WorkflowUpdateFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { CONFIRM_FENCED_UPDATE, TRY_AGAIN_SIGNAL } from "../../workflows/contract.ts";
import type { ConfirmFenced, HandoverReport } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { findRunning } from "../handover/running.ts";
import type { RunningHandover } from "../handover/running.ts";
import { watchHandover } from "../handover/watch.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { currentPerson, withClient } from "../temporal/connect.ts";
import { plain } from "../words.ts";

export interface ConfirmFencedFlags {
  readonly node: string;
  readonly yes?: boolean;
  readonly detach?: boolean;
  /** Seconds. */
  readonly patience: number;
}

/** A person says that the old node is off, for the one handover that waits for it; then its course is shown. */
export async function confirmFenced(
  context: Context,
  serviceName: string | undefined,
  flags: ConfirmFencedFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  requireNode(config, flags.node);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const running = await requireWaiting(client, name);
    if (flags.yes !== true) await confirm(context, flags.node, running);
    const { workflowId, runId } = running;
    const waits = running.report?.waitsForPerson;
    if (waits?.vetoed && waits.node === flags.node) await tryAgain(client, running, waits);
    await send(client, workflowId, { node: flags.node, runId, by: currentPerson() });
    if (flags.detach) {
      context.output.result(
        { workflowId, runId, confirmed: flags.node },
        () => `Confirmed for ${workflowId}, run ${runId}.`,
      );
      return EXIT.done;
    }
    const { exitCode } = await watchHandover(client, { service: name, workflowId, runId }, context.output, {
      taskQueue: target.taskQueue,
      patienceMs: flags.patience * 1_000,
    });
    return exitCode;
  });
}

async function requireWaiting(client: Client, service: string): Promise<RunningHandover> {
  const running = await findRunning(client, service);
  if (running?.report?.waitsForPerson) return running;
  throw new CliFailure({
    id: "NOTHING_TO_CONFIRM",
    exitCode: EXIT.refused,
    what: running
      ? `The handover of ${service} that is under way does not wait for a person.`
      : `No handover of ${service} is under way.`,
    next: "see `understudy status`. What is confirmed counts only for a failover that waits for it.",
  });
}

async function confirm({ output }: Context, node: string, { report }: RunningHandover): Promise<void> {
  if (!canAsk()) throw usageFailure("There is no terminal to ask on.", `add --yes once ${node} is off.`);
  if (report?.waitsForPerson) output.note(`It waits because ${plain(report.waitsForPerson.because)}.`);
  const question = `Is the power of ${node} off, or its Zigbee stick pulled? If it is not, two coordinators will disturb each other.`;
  if (await ask(output, question)) return;
  throw new CliFailure({
    id: "DECLINED",
    exitCode: EXIT.refused,
    what: "Not confirmed; the failover goes on waiting.",
  });
}

/**
 * The old coordinator was heard: no word counts above that, but it is listened for once more, so that a plug which was pulled just now
 * is noticed at once.
 */
async function tryAgain(
  client: Client,
  { workflowId, runId }: RunningHandover,
  { node, because }: { node: string; because: string },
): Promise<never> {
  await client.workflow.getHandle(workflowId, runId).signal(TRY_AGAIN_SIGNAL);
  throw new CliFailure({
    id: "CONFIRMATION_REFUSED",
    exitCode: EXIT.refused,
    what: `It does not count: ${node} is still on the air: ${plain(because)}.`,
    next: "switch it off. It is listened for once more now; see `understudy status`, and confirm again if it still asks for you.",
  });
}

async function send(client: Client, workflowId: string, confirmed: ConfirmFenced): Promise<void> {
  try {
    await client.workflow
      .getHandle(workflowId, confirmed.runId)
      .executeUpdate<HandoverReport, [ConfirmFenced]>(CONFIRM_FENCED_UPDATE, { args: [confirmed] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new CliFailure({
      id: "CONFIRMATION_REFUSED",
      exitCode: EXIT.refused,
      what: `It does not count: ${error.cause?.message ?? "the handover refused it"}`,
      cause: error,
    });
  }
}
