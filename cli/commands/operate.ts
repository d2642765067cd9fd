import type { Client } from "@temporalio/client";
import { startOperation } from "../../triggers/manual.ts";
import type { OperateInput, Operation } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { beginHandover } from "../handover/begin.ts";
import { watchHandover } from "../handover/watch.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { currentPerson, withClient } from "../temporal/connect.ts";
import type { TemporalTarget } from "../temporal/target.ts";

export interface OperateFlags {
  readonly yes?: boolean;
  readonly reason?: string;
  /** Of `adopt`: who serves, by the user's word. */
  readonly holder?: string;
  /** Seconds. */
  readonly patience: number;
}

/** Stops the service where it runs, and keeps it down: nothing automatic starts it again. */
export function stopService(context: Context, service: string | undefined, flags: OperateFlags): Promise<ExitCode> {
  return operate(
    context,
    service,
    "stop",
    flags,
    (name) => `Stop ${name}? Its devices are not served until it is started.`,
  );
}

/** Starts a service that was stopped, on the node that holds it. */
export function startService(context: Context, service: string | undefined, flags: OperateFlags): Promise<ExitCode> {
  return operate(context, service, "start", flags);
}

export function restartService(context: Context, service: string | undefined, flags: OperateFlags): Promise<ExitCode> {
  return operate(context, service, "restart", flags, (name) => `Restart ${name}? It is away for some seconds.`);
}

/** Learns from the nodes who holds the service; changes nothing on them. */
export function adopt(context: Context, service: string | undefined, flags: OperateFlags): Promise<ExitCode> {
  const { holder } = flags;
  return operate(
    context,
    service,
    "adopt",
    flags,
    holder === undefined
      ? undefined
      : (name) => `Take ${holder} for the node that holds ${name}, whatever cannot be asked?`,
  );
}

/** Does it, after a question where there is one, and shows how it goes. */
async function operate(
  context: Context,
  serviceName: string | undefined,
  operation: Operation,
  flags: OperateFlags,
  question?: (service: string) => string,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  if (flags.holder !== undefined) requireNode(config, flags.holder);
  if (question && flags.yes !== true) await confirm(context, question(name));
  const target = await temporalTarget(context, home);
  const input: OperateInput = {
    service: name,
    operation,
    by: currentPerson(),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.holder === undefined ? {} : { node: flags.holder }),
  };
  return withClient(target, (client) => beginAndWatch(client, context, input, flags.patience * 1_000, target));
}

/** Throws a usage failure where nobody can be asked, and DECLINED (exit code 2) where the answer is no. */
export async function confirm({ output }: Context, question: string): Promise<void> {
  if (!canAsk()) throw usageFailure("There is no terminal to ask on.", "add --yes if that is wanted.");
  if (await ask(output, question)) return;
  throw new CliFailure({ id: "DECLINED", exitCode: EXIT.refused, what: "Not confirmed; nothing was started." });
}

async function beginAndWatch(
  client: Client,
  { output }: Context,
  input: OperateInput,
  patienceMs: number,
  { taskQueue }: TemporalTarget,
): Promise<ExitCode> {
  const execution = await beginHandover(client, input.service, () => startOperation(client, input, { taskQueue }));
  output.say(`${TITLE[input.operation]} ${input.service}: ${execution.workflowId}, run ${execution.runId}`);
  const { exitCode } = await watchHandover(client, execution, output, { taskQueue, patienceMs });
  return exitCode;
}

const TITLE: Readonly<Record<Operation, string>> = {
  stop: "Stop of",
  start: "Start of",
  restart: "Restart of",
  adopt: "Adoption of",
  reinit: "New copy of",
};
