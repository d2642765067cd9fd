import type { Client } from "@temporalio/client";
import type { ServiceConfig } from "../../config/user-config.ts";
import { startFailover } from "../../triggers/manual.ts";
import type { FailoverInput, ServiceState } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { beginHandover } from "../handover/begin.ts";
import { askToMakeWay } from "../handover/make-way.ts";
import { watchHandover } from "../handover/watch.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { withClient } from "../temporal/connect.ts";
import { askService } from "../temporal/service-state.ts";
import { ago, plain } from "../words.ts";

export interface FailoverFlags {
  readonly to?: string;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly detach?: boolean;
  /** Seconds. */
  readonly patience: number;
}

const STATE_TIMEOUT_MS = 3_000;

/** Lets a standby take over from a node that is lost, after a question, and shows how it goes. */
export async function failover(
  context: Context,
  serviceName: string | undefined,
  flags: FailoverFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  if (flags.to !== undefined) requireNode(config, flags.to);
  if (flags.yes !== true && !canAsk())
    throw usageFailure("A failover switches the old node off, and there is no terminal to ask on.", "add --yes.");
  const { output } = context;
  const target = await temporalTarget(context, home);
  const { taskQueue } = target;
  return withClient(target, async (client) => {
    if (flags.yes !== true) await confirm(client, context, { name, config, flags, taskQueue });
    const input: FailoverInput = {
      service: name,
      by: "person",
      ...(flags.to === undefined ? {} : { to: flags.to }),
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    };
    await askToMakeWay(client, name, flags.reason ?? "a person orders it");
    const execution = await beginHandover(client, name, () => startFailover(client, input, { taskQueue }));
    if (flags.detach) {
      const { workflowId, runId } = execution;
      output.result({ workflowId, runId }, () => `${workflowId} ${runId}`);
      return EXIT.done;
    }
    output.say(`Failover of ${name}: ${execution.workflowId}, run ${execution.runId}`);
    output.say("It runs on its own: closing this terminal or Ctrl-C does not stop it.");
    const { exitCode } = await watchHandover(client, execution, output, {
      taskQueue,
      patienceMs: flags.patience * 1_000,
    });
    return exitCode;
  });
}

interface Plan {
  readonly name: string;
  readonly config: ServiceConfig | undefined;
  readonly flags: FailoverFlags;
  readonly taskQueue: string;
}

async function confirm(client: Client, { output }: Context, plan: Plan): Promise<void> {
  const known = await askService(client, plan.name, { taskQueue: plan.taskQueue, timeoutMs: STATE_TIMEOUT_MS });
  if (!known.state) output.note(`Note: ${known.why}; ${known.next}`);
  output.note(describePlan(plan, known.state));
  if (await ask(output, "Do it?")) return;
  throw new CliFailure({ id: "DECLINED", exitCode: EXIT.refused, what: "Not confirmed; nothing was started." });
}

function describePlan({ name, config, flags }: Plan, state: ServiceState | undefined): string {
  const from = state?.holder;
  const others = config?.nodes.map((node) => node.name).filter((node) => node !== from) ?? [];
  const to = flags.to ?? (others.length === 1 ? others[0] : undefined);
  const copy = to === undefined ? undefined : state?.copies[to];
  return [
    `Failover of ${name}`,
    `  from:    ${from ? `${plain(from)}, which is switched off or stopped first, and stays so` : "the node that served last"}`,
    `  to:      ${to ?? `the first fit one of ${others.join(", ")}`}`,
    `  copy:    ${copy ? `of ${ago(new Date(copy.at), new Date())}` : "the newest that the standby holds"}`,
    "What was changed since that copy was made may be lost: devices paired, groups, settings. If the service still works, a",
    "switchover loses nothing. A standby that is not fit is refused before the old node is touched.",
  ].join("\n");
}
