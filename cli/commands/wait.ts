import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { findHandover } from "../handover/find.ts";
import { watchHandover } from "../handover/watch.ts";
import { loadHome, temporalTarget } from "../home.ts";
import { withClient } from "../temporal/connect.ts";

export interface WaitFlags {
  /** Seconds. */
  readonly patience: number;
}

/** Follows a handover that was started elsewhere, or tells how a closed one ended. */
export async function wait(context: Context, id: string, flags: WaitFlags): Promise<ExitCode> {
  const home = await loadHome(context);
  const target = await temporalTarget(context, home);
  const services = home?.services.map((service) => service.name) ?? [];
  return withClient(target, async (client) => {
    const execution = await findHandover(client, id, services);
    const { exitCode } = await watchHandover(client, execution, context.output, {
      taskQueue: target.taskQueue,
      patienceMs: flags.patience * 1000,
    });
    return exitCode;
  });
}
