import { effectiveService } from "../../config/discover.ts";
import { loadConfig } from "../../config/load.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import type { UserConfig } from "../../config/user-config.ts";
import type { Host } from "../../hosts/host.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { applySetup, askPeers, grantActive, isInPlace, planSetup } from "../../node/setup.ts";
import type { HostOf, NodePlan } from "../../node/setup.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { ask, canAsk } from "../handover/ask.ts";
import { chooseService, requireConfigFile } from "../home.ts";
import { distinct, table } from "../table.ts";

export interface SetupFlags {
  readonly node?: string;
  readonly yes?: boolean;
}

/** Installs the gate and its companions on the nodes, after showing what will be made there. Doing it again is harmless. */
export async function setup(context: Context, serviceName: string | undefined, flags: SetupFlags): Promise<ExitCode> {
  return onNodes(context, serviceName, flags, async ({ service, hostOf, names }) => {
    const plans = await planSetup(service, hostOf, names);
    if (plans.every(isInPlace)) {
      context.output.result({ changed: false, nodes: asData(plans) }, () => inPlace(plans));
      return EXIT.done;
    }
    context.output.say(inWords(plans));
    if (!(await mayGoOn(context, flags, "Do this?"))) return EXIT.refused;
    const granted = await grantActive(service, hostOf);
    if (granted) context.output.say(`${granted.node} serves now: it is granted epoch ${granted.epoch} for this boot.`);
    await applyAll(plans, hostOf);
    // What one node's new key may do on another one can only be written once that key is there.
    const second = await planSetup(service, hostOf, names);
    await applyAll(second, hostOf);
    const last = await planSetup(service, hostOf, names);
    const peers = await asked(last, hostOf);
    const isDone = last.every(isInPlace);
    context.output.result({ changed: true, complete: isDone, nodes: asData(last), peers }, () =>
      [...peers, isDone ? inPlace(last) : `Not everything is in place:\n${inWords(last)}`].join("\n"),
    );
    return isDone ? EXIT.done : EXIT.failed;
  });
}

async function applyAll(plans: readonly NodePlan[], hostOf: HostOf): Promise<void> {
  for (const plan of plans) if (!isInPlace(plan)) await applySetup(hostOf(plan.node), plan);
}

async function asked(plans: readonly NodePlan[], hostOf: HostOf): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const plan of plans)
    for (const line of await askPeers(hostOf(plan.node), plan)) lines.push(`${plan.node.name} asks: ${line}.`);
  return lines;
}

/** The service's nodes as they are found, with a connection to each that is closed afterwards. */
export async function onNodes<T>(
  context: Context,
  serviceName: string | undefined,
  flags: SetupFlags,
  act: (on: { config: UserConfig; service: EffectiveService; hostOf: HostOf; names: readonly string[] }) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(requireConfigFile(context));
  const { name } = chooseService(config, serviceName);
  const { service, warnings } = await effectiveService(config, name, connectHost);
  for (const warning of warnings) context.output.note(`Warning: ${warning}`);
  const all = service.nodes.map((node) => node.name);
  if (flags.node !== undefined && !all.includes(flags.node))
    throw usageFailure(`${name} has no node ${flags.node}.`, `name one of: ${all.join(", ")}.`);
  const hosts = new Map<string, Host>();
  const hostOf = (node: EffectiveNode): Host => {
    const known = hosts.get(node.name);
    if (known) return known;
    const { ssh, privilege, stateDirectory } = node;
    const host = connectHost({ name: node.name, ssh, privilege, lockFile: `${stateDirectory}.lock` });
    hosts.set(node.name, host);
    return host;
  };
  try {
    return await act({ config, service, hostOf, names: flags.node === undefined ? all : [flags.node] });
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
}

/** Whether the user agrees. Throws a usage failure where nobody can be asked. */
export async function mayGoOn({ output }: Context, flags: SetupFlags, question: string): Promise<boolean> {
  if (flags.yes) return true;
  if (!canAsk()) {
    throw usageFailure(
      "This changes the nodes, and there is no terminal to ask on.",
      "look at the plan above and add --yes if that is wanted.",
    );
  }
  return ask(output, question);
}

function inWords(plans: readonly NodePlan[]): string {
  const rows = plans.flatMap(({ node, changes }) =>
    changes
      .filter(({ action }) => action !== "keep")
      .map(({ action, what, where }) => [node.name, action, what, where]),
  );
  return [table(["Node", "Action", "What", "Where"], distinct(rows)), ...notesOf(plans)].join("\n");
}

function inPlace(plans: readonly NodePlan[]): string {
  return [`Set up: ${plans.map(({ node }) => node.name).join(", ")}. Nothing is left to do.`, ...notesOf(plans)].join(
    "\n",
  );
}

function notesOf(plans: readonly NodePlan[]): readonly string[] {
  return plans.flatMap(({ node, notes }) => notes.map((note) => `${node.name}: ${note}`));
}

function asData(plans: readonly NodePlan[]): unknown {
  return plans.map(({ node, changes, notes }) => ({ node: node.name, changes, notes }));
}
