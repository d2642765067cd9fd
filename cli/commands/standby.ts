import type { Client } from "@temporalio/client";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { withClient } from "../temporal/connect.ts";
import { askService } from "../temporal/service-state.ts";
import type { TemporalTarget } from "../temporal/target.ts";
import { giveOrder } from "./order.ts";
import { switchover } from "./switchover.ts";

export interface StandbyFlags {
  readonly reason?: string;
  readonly yes?: boolean;
}

const TIMEOUT_MS = 5_000;
const PATIENCE_S = 120;

/** Takes a node out: it is never chosen to serve until `online`. An active one hands over first, after a question. */
export async function standby(
  context: Context,
  node: string,
  serviceName: string | undefined,
  flags: StandbyFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  requireNode(config, node);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    if (await isActive(client, name, node, target)) {
      const exitCode = await handOverFirst(context, name, node, flags);
      if (exitCode !== EXIT.done) return exitCode;
    }
    const wish = { verb: "standby" as const, node, ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
    return giveOrder(
      client,
      context,
      name,
      wish,
      target.taskQueue,
      () => `${node} is taken out: nothing is handed over to it until \`understudy online ${node}\`.`,
    );
  });
}

/** Takes a node in again. */
export async function online(context: Context, node: string, serviceName: string | undefined): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  requireNode(config, node);
  const target = await temporalTarget(context, home);
  return withClient(target, (client) =>
    giveOrder(
      client,
      context,
      name,
      { verb: "online", node },
      target.taskQueue,
      () => `${node} may be chosen again; the next sync makes its copy fresh.`,
    ),
  );
}

async function isActive(
  client: Client,
  service: string,
  node: string,
  { taskQueue }: TemporalTarget,
): Promise<boolean> {
  const { state } = await askService(client, service, { taskQueue, timeoutMs: TIMEOUT_MS });
  return state?.holder === node && !state.stopped;
}

/** Only with a person's yes. With -o json there would be two results, so it is left to the caller. */
async function handOverFirst(
  context: Context,
  service: string,
  node: string,
  { yes, reason }: StandbyFlags,
): Promise<ExitCode> {
  const may =
    context.output.format === "table" &&
    (yes === true || (canAsk() && (await ask(context.output, `${node} is active. Hand ${service} over first?`))));
  if (may)
    return switchover(context, service, { yes: true, patience: PATIENCE_S, reason: reason ?? `${node} is taken out` });
  throw new CliFailure({
    id: "NODE_ACTIVE",
    exitCode: EXIT.refused,
    what: `${node} is the active node of ${service}; nothing was changed.`,
    next: `hand it over first (understudy switchover ${service}), or add --yes to have that done.`,
  });
}
