import { startOperation } from "../../triggers/manual.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { beginHandover } from "../handover/begin.ts";
import { followHandover } from "../handover/follow.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { currentPerson, withClient } from "../temporal/connect.ts";
import { confirm } from "./operate.ts";
import { sync } from "./sync.ts";

export interface ReinitFlags {
  readonly yes?: boolean;
  readonly enrolBlankStick?: boolean;
}

const PATIENCE_MS = 120_000;

/**
 * Throws a standby's copy away, then makes it anew as `sync` does, whose result this command's is. The first part is short
 * and goes on without us; the sync that runs every few minutes would make the copy too.
 */
export async function reinit(
  context: Context,
  node: string,
  serviceName: string | undefined,
  flags: ReinitFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  requireNode(config, node);
  if (flags.yes !== true) {
    await confirm(
      context,
      `Throw away what ${node} holds of ${name}? Until it is made anew, ${node} cannot take over.`,
    );
  }
  const target = await temporalTarget(context, home);
  await withClient(target, async (client) => {
    const { taskQueue } = target;
    const input = { service: name, operation: "reinit", by: currentPerson(), node } as const;
    const execution = await beginHandover(client, name, () => startOperation(client, input, { taskQueue }));
    const { report, exitCode, next } = await followHandover(client, execution, {
      taskQueue,
      patienceMs: PATIENCE_MS,
      onProgress: () => undefined,
      onTrouble: (sentence) => context.output.note(sentence),
      signal: new AbortController().signal,
    });
    if (exitCode !== EXIT.done)
      throw new CliFailure({ id: "REINIT_FAILED", exitCode, what: report.message, ...(next ? { next } : {}) });
    context.output.note(report.message);
  });
  return sync(context, name, flags.enrolBlankStick ? { enrolBlankStick: true } : {});
}
