import type { Client } from "@temporalio/client";
import type { ServiceConfig } from "../../config/user-config.ts";
import { startSwitchover } from "../../triggers/manual.ts";
import type { Finding, ServiceState, SwitchoverInput } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { beginHandover } from "../handover/begin.ts";
import type { Execution } from "../handover/follow.ts";
import { findRunning, otherHandover } from "../handover/running.ts";
import type { Verdict } from "../handover/verdict.ts";
import { watchHandover } from "../handover/watch.ts";
import type { WatchOptions } from "../handover/watch.ts";
import { chooseService, loadHome, requireNode, temporalTarget } from "../home.ts";
import { withClient } from "../temporal/connect.ts";
import { askService } from "../temporal/service-state.ts";
import { duration, plain } from "../words.ts";

export interface SwitchoverFlags {
  readonly to?: string;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly rehearse?: boolean;
  readonly detach?: boolean;
  readonly enrolBlankStick?: boolean;
  readonly acceptEdits?: boolean;
  /** Seconds. */
  readonly patience: number;
}

const STATE_TIMEOUT_MS = 3_000;
/** Where a person's word is all that is missing: the options as in program.ts, which the preflight names, and the questions. */
const CONSENTS = [
  {
    option: "--enrol-blank-stick",
    given: { enrolBlankStick: true },
    question: (service: string) => `Let it become a spare of ${service}'s network, and try again?`,
  },
  {
    option: "--accept-edits",
    given: { acceptEdits: true },
    question: () => "Replace that, with a copy kept there, and try again?",
  },
] as const;

/** Hands a service over to another of its nodes, after a question, and shows how it goes. */
export async function switchover(
  context: Context,
  serviceName: string | undefined,
  flags: SwitchoverFlags,
): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  if (flags.to !== undefined) requireNode(config, flags.to);
  const mustAsk = flags.yes !== true && flags.rehearse !== true;
  if (mustAsk && !canAsk()) {
    throw usageFailure(
      "A switchover interrupts the service, and there is no terminal to ask on.",
      "add --yes if that is wanted, or --rehearse to only check.",
    );
  }
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    if (mustAsk) await confirm(client, context, { name, config, flags, taskQueue: target.taskQueue });
    const input: SwitchoverInput = { service: name, ...inputOf(flags) };
    if (flags.detach) {
      const { workflowId, runId } = await begin(client, input, target.taskQueue);
      context.output.result({ workflowId, runId }, () => `${workflowId} ${runId}`);
      return EXIT.done;
    }
    const patience = { taskQueue: target.taskQueue, patienceMs: flags.patience * 1000 };
    let agreed = input;
    for (;;) {
      const verdict = await beginAndWatch(client, context, agreed, patience);
      const given = await askForConsent(context, verdict);
      if (!given) return verdict.exitCode;
      agreed = { ...agreed, ...given };
    }
  });
}

async function beginAndWatch(
  client: Client,
  { output }: Context,
  input: SwitchoverInput,
  options: WatchOptions,
): Promise<Verdict> {
  const execution = await begin(client, input, options.taskQueue);
  output.say(
    `${input.rehearse ? "Rehearsal" : "Switchover"} of ${input.service}: ${execution.workflowId}, run ${execution.runId}`,
  );
  output.say("It runs on its own: closing this terminal or Ctrl-C does not stop it.");
  return watchHandover(client, execution, output, options);
}

/** Where nothing was in the way but what a person may agree to, the person is asked. */
async function askForConsent({ output }: Context, { report }: Verdict): Promise<Partial<SwitchoverInput> | undefined> {
  const refusals = report.findings.filter((finding) => !finding.ok);
  const [first] = refusals;
  const consent = first && CONSENTS.find(({ option }) => offers(first, option));
  if (report.outcome !== "refused" || !first || !consent) return undefined;
  if (!refusals.every((finding) => offers(finding, consent.option))) return undefined;
  if (output.format === "json" || !canAsk()) return undefined;
  const question = `${first.node ?? "The standby"}: ${plain(first.what)} ${consent.question(report.service)}`;
  return (await ask(output, question)) ? consent.given : undefined;
}

function offers(finding: Finding, option: string): boolean {
  return finding.next?.includes(option) ?? false;
}

function inputOf({
  to,
  reason,
  rehearse,
  enrolBlankStick,
  acceptEdits,
}: SwitchoverFlags): Omit<SwitchoverInput, "service"> {
  return {
    ...(to === undefined ? {} : { to }),
    ...(reason === undefined ? {} : { reason }),
    ...(rehearse ? { rehearse } : {}),
    ...(enrolBlankStick ? { enrolBlankStick } : {}),
    ...(acceptEdits ? { acceptEdits } : {}),
  };
}

function begin(client: Client, input: SwitchoverInput, taskQueue: string): Promise<Execution> {
  return beginHandover(client, input.service, () => startSwitchover(client, input, { taskQueue }));
}

interface Plan {
  readonly name: string;
  readonly config: ServiceConfig | undefined;
  readonly flags: SwitchoverFlags;
  readonly taskQueue: string;
}

/** Shows what will be done and asks. Rejects where the answer is no (exit code 2: nothing was changed). */
async function confirm(client: Client, context: Context, plan: Plan): Promise<void> {
  const running = await findRunning(client, plan.name);
  if (running) throw otherHandover(plan.name, running);
  const known = await askService(client, plan.name, { taskQueue: plan.taskQueue, timeoutMs: STATE_TIMEOUT_MS });
  if (!known.state) context.output.note(`Note: ${known.why}; ${known.next}`);
  context.output.note(describePlan(plan, known.state));
  if (await ask(context.output, "Do it?")) return;
  throw new CliFailure({ id: "DECLINED", exitCode: EXIT.refused, what: "Not confirmed; nothing was started." });
}

function describePlan({ name, config, flags }: Plan, state: ServiceState | undefined): string {
  const from = state?.holder;
  const others = config?.nodes.map((node) => node.name).filter((node) => node !== from) ?? [];
  const to = flags.to ?? (from && others.length === 1 ? others[0] : undefined);
  const measured = state?.history.find((past) => past.outcome === "done" && past.outageMs !== undefined)?.outageMs;
  return [
    `Switchover of ${name}`,
    `  from:    ${from ?? "the node that runs it (found out first)"}`,
    `  to:      ${to ?? (others.length > 1 && from ? `the first fit one of ${others.join(", ")}` : "the standby")}`,
    `  outage:  ${measured === undefined ? "not measured here yet" : `about ${duration(measured)}, as the last time`}`,
    ...(state?.paused
      ? [`  paused:  by ${plain(state.paused.by)}; a handover that a person orders is done all the same`]
      : []),
    ...(flags.enrolBlankStick ? ["  stick:   a blank spare stick in the standby becomes one of this network's"] : []),
    "Everything is checked before the first change; a failure after it brings the old node back.",
  ].join("\n");
}
