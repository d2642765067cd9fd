import type { HandoverSummary } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { table } from "../table.ts";
import { withClient } from "../temporal/connect.ts";
import { askService } from "../temporal/service-state.ts";
import { duration, localTime, plain, shorten } from "../words.ts";

export interface HistoryFlags {
  readonly limit: number;
}

const TIMEOUT_MS = 5_000;

/** The service's handovers, newest first. */
export async function history(
  context: Context,
  serviceName: string | undefined,
  flags: HistoryFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name } = chooseService(home, serviceName);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const known = await askService(client, name, { taskQueue: target.taskQueue, timeoutMs: TIMEOUT_MS });
    if (!known.state) {
      throw new CliFailure({
        id: "STATE_UNKNOWN",
        exitCode: EXIT.unknown,
        what: `The history is not known: ${known.why}.`,
        next: known.next,
      });
    }
    const entries = known.state.history.slice(0, flags.limit);
    context.output.result({ service: name, history: entries }, () =>
      entries.length === 0 ? `No handover of ${name} yet.` : historyTable(entries),
    );
    return EXIT.done;
  });
}

function historyTable(entries: readonly HandoverSummary[]): string {
  return table(
    ["Ended", "What", "From", "To", "Outcome", "Outage", "Reason", "Message"],
    entries.map((entry) => [
      localTime(new Date(entry.endedAt)),
      entry.kind,
      entry.from ?? "",
      entry.to ?? "",
      entry.outcome,
      entry.outageMs === undefined ? "" : duration(entry.outageMs),
      shorten(plain(entry.reason ?? ""), 24),
      shorten(plain(entry.message), 60),
    ]),
  );
}
