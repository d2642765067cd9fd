import type { Client } from "@temporalio/client";
import { startCheck } from "../../triggers/manual.ts";
import type { CheckReport } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { findRunning, otherHandover } from "../handover/running.ts";
import { watchHandover } from "../handover/watch.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { withClient } from "../temporal/connect.ts";
import { isDeadline } from "../temporal/errors.ts";
import { hasWorker } from "../temporal/pollers.ts";
import type { TemporalTarget } from "../temporal/target.ts";
import { plain } from "../words.ts";

export interface CheckFlags {
  /** Seconds. */
  readonly patience: number;
}

/** A look from every direction, repeated until it is sure, takes this long at most. */
const WITHIN_MS = 300_000;

/** Looks whether the service serves now, and lets a standby take over where it is down. */
export async function check(context: Context, serviceName: string | undefined, flags: CheckFlags): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name } = chooseService(home, serviceName);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const report = await look(client, name, target);
    const { serves, because, handover } = report;
    if (!handover) {
      const exitCode = EXITS[serves];
      context.output.result({ ...report, exitCode }, () => `${name}: ${WORDS[serves]}: ${plain(because)}.`);
      return exitCode;
    }
    context.output.say(`${name} is down: ${plain(because)}.`);
    const { workflowId, runId } = handover;
    if (runId === undefined) return throwRunning(client, name);
    const execution = { service: name, workflowId, runId };
    const options = { taskQueue: target.taskQueue, patienceMs: flags.patience * 1_000 };
    return (await watchHandover(client, execution, context.output, options)).exitCode;
  });
}

const EXITS = { yes: EXIT.done, no: EXIT.failed, unknown: EXIT.unknown } as const;
const WORDS = {
  yes: "serves",
  no: "does not serve, and no standby would mend that",
  unknown: "cannot be told",
} as const;

async function look(client: Client, service: string, { taskQueue }: TemporalTarget): Promise<CheckReport> {
  if (!(await hasWorker(client, taskQueue))) {
    throw new CliFailure({
      id: "NO_WORKER",
      exitCode: EXIT.unknown,
      what: "No worker is running, so nobody can look.",
      next: "run `understudy start`.",
    });
  }
  try {
    const handle = await startCheck(client, { service }, { taskQueue });
    return await client.withDeadline(Date.now() + WITHIN_MS, () => handle.result());
  } catch (error) {
    if (!isDeadline(error)) throw error;
    throw new CliFailure({
      id: "OUTCOME_UNKNOWN",
      exitCode: EXIT.unknown,
      what: "The check did not end in time.",
      next: "see `understudy status` and the worker's log.",
      cause: error,
    });
  }
}

async function throwRunning(client: Client, service: string): Promise<never> {
  const running = await findRunning(client, service);
  if (running) throw otherHandover(service, running);
  throw new CliFailure({
    id: "HANDOVER_IN_PROGRESS",
    exitCode: EXIT.otherHandover,
    what: `A handover of ${service} was running and has just ended.`,
    next: "check again.",
  });
}
