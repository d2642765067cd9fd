import { startFenceTest } from "../../triggers/manual.ts";
import type { FenceTestInput } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { beginHandover } from "../handover/begin.ts";
import { watchHandover } from "../handover/watch.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { currentPerson, withClient } from "../temporal/connect.ts";
import { confirm } from "./operate.ts";

export interface FenceTestFlags {
  readonly node: string;
  /** From 1. */
  readonly rung?: number;
  readonly evenActive?: boolean;
  readonly yes?: boolean;
  /** Seconds. */
  readonly patience: number;
}

/** Switches a standby off and on by its rungs, after a question, and shows whether the right machine went. */
export async function fenceTest(
  context: Context,
  serviceName: string | undefined,
  flags: FenceTestFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  requireNode(config, flags.node);
  if (flags.yes !== true) await confirm(context, question(flags));
  const target = await temporalTarget(context, home);
  const input: FenceTestInput = {
    service: name,
    node: flags.node,
    by: currentPerson(),
    ...(flags.rung === undefined ? {} : { rung: flags.rung - 1 }),
    ...(flags.evenActive ? { evenActive: true } : {}),
  };
  return withClient(target, async (client) => {
    const execution = await beginHandover(client, name, () => startFenceTest(client, input, target));
    context.output.say(`Fence test of ${flags.node}: ${execution.workflowId}, run ${execution.runId}`);
    const patience = { taskQueue: target.taskQueue, patienceMs: flags.patience * 1_000 };
    return (await watchHandover(client, execution, context.output, patience)).exitCode;
  });
}

function question({ node, evenActive }: FenceTestFlags): string {
  const outage = evenActive ? " The service is down until it is back." : "";
  return `Cut the power of ${node} and give it back? Where the wiring is not as understudy.yaml says, another machine goes off.${outage}`;
}
