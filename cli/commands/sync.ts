import { ApplicationFailure, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { startSync } from "../../triggers/sync.ts";
import { SYNC_FAILED, syncId } from "../../workflows/contract.ts";
import type { SyncReport } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { table } from "../table.ts";
import { withClient } from "../temporal/connect.ts";
import { plain } from "../words.ts";

export interface SyncFlags {
  readonly enrolBlankStick?: boolean;
}

/**
 * Makes the standbys' copies fresh at once, and waits for it. Done (0) where every standby holds one; refused (2) where nothing was
 * looked at; failed (4) where a standby holds none.
 */
export async function sync(context: Context, serviceName: string | undefined, flags: SyncFlags): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name } = chooseService(home, serviceName);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const report = await run(client, name, target.taskQueue, flags);
    const exitCode = exitCodeOf(report);
    context.output.result({ ...report, exitCode }, () => show(report));
    return exitCode;
  });
}

async function run(client: Client, service: string, taskQueue: string, flags: SyncFlags): Promise<SyncReport> {
  const input = { service, by: "person", ...(flags.enrolBlankStick ? { enrolBlankStick: true } : {}) } as const;
  for (;;) {
    try {
      return await (await startSync(client, input, { taskQueue })).result();
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        // The scheduled one may not do what a person may; it is short.
        await ended(client, service);
        continue;
      }
      if (!(error instanceof WorkflowFailedError)) throw error;
      const { cause } = error;
      if (cause instanceof ApplicationFailure && cause.type === SYNC_FAILED && cause.details?.[0])
        return cause.details[0] as SyncReport;
      throw new CliFailure({
        id: "SYNC_ENDED",
        exitCode: EXIT.unknown,
        what: "The sync was ended before it was through: a handover does that.",
        next: "look with `understudy status`, and start it again if it is still wanted.",
        cause: error,
      });
    }
  }
}

async function ended(client: Client, service: string): Promise<void> {
  await client.workflow
    .getHandle(syncId(service))
    .result()
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowFailedError)) throw error;
    });
}

function exitCodeOf({ outcome, standbys }: SyncReport): ExitCode {
  if (outcome === "skipped") return EXIT.refused;
  return outcome !== "failed" && standbys.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
}

const HEAD = ["STANDBY", "COPY", "COORDINATOR", ""];

function show({ message, standbys }: SyncReport): string {
  if (standbys.length === 0) return message;
  const rows = standbys.map(({ node, ok, preloaded, what, next }) => [
    node,
    ok ? "fresh" : "not fresh",
    preloaded ? "written, silent" : "not written",
    plain(next ? `${what} Next: ${next}` : what),
  ]);
  return `${message}\n${table(HEAD, rows)}`;
}
