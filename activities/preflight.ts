import { readEpoch, readCoordinatorState } from "../generations/node-state.ts";
import { NO_COUNTERS, highestOf } from "../model/frame-counters.ts";
import type { FrameCounters } from "../model/frame-counters.ts";
import type { Finding } from "../workflows/contract.ts";
import type { HandoverActivities, PreflightInput, PreflightResult } from "../workflows/activity-types.ts";
import { checkActive } from "./preflight/active.ts";
import { refused, run } from "./preflight/check.ts";
import { judgeCounters } from "./preflight/counters.ts";
import type { Roles } from "./preflight/check.ts";
import { checkNode } from "./preflight/node.ts";
import type { CheckedNode } from "./preflight/node.ts";
import { chooseRoles } from "./preflight/roles.ts";
import { checkStandby } from "./preflight/standby.ts";
import { checkStick } from "./preflight/stick.ts";
import { step } from "./support/step.ts";
import { claimAccess, currentRun, nodeAccess } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/**
 * Every check before the first change. What does not hold is a finding with its mend, never an error; the only thing that is
 * touched is the idle stick of the standby, which is read and reset so that it is silent.
 */
export function preflight(world: World): HandoverActivities["preflight"] {
  return (input) => step((signal) => check(world, input, signal));
}

async function check(world: World, input: PreflightInput, signal: AbortSignal): Promise<PreflightResult> {
  const service = await world.service(input.service, { run: currentRun(), fresh: true });
  const findings: Finding[] = [...service.unknown].map(([name, error]) =>
    refused("understood", name, error.what, error.next),
  );
  const checked: CheckedNode[] = await Promise.all(
    service.nodes.map((node) => checkNode(nodeAccess(world, service, node), signal)),
  );
  findings.push(...checked.flatMap((node) => node.findings));

  const memory = await Promise.all(checked.map(({ at }) => remembered(at, signal)));
  findings.push(...memory.flatMap((node) => node.findings));
  const result = {
    highestEpoch: Math.max(0, ...memory.map((m) => m.epoch)),
    highestCounters: memory.reduce((highest, m) => highestOf(highest, m.counters), NO_COUNTERS),
  };

  const choice = chooseRoles(
    checked.map(({ at, running }) => ({ name: at.node.name, running })),
    {
      all: [...service.nodes.map((n) => n.name), ...service.unknown.keys()],
      to: input.to,
      holder: input.holder,
      takenOut: input.takenOut,
    },
  );
  findings.push(...choice.findings, judgeCounters(result.highestCounters));
  const active = checked.find(({ at }) => at.node.name === choice.from)?.at;
  const standby = checked.find(({ at }) => at.node.name === choice.to)?.at;
  if (!active || !standby) return { ...result, findings };

  const epoch = Math.max(input.epoch, result.highestEpoch) + 1;
  const roles: Roles = { service, active, standby: claimAccess(standby, epoch), signal };
  // All that is cheap first; the stick is read only when nothing else stands in the way, since that takes a while.
  findings.push(...(await Promise.all([checkActive(roles), checkStandby(roles, input)])).flat());
  if (findings.some((finding) => !finding.ok)) return { ...result, findings, from: choice.from, to: choice.to };

  const stick = await checkStick(roles, { enrolBlankStick: input.enrolBlankStick });
  return {
    ...result,
    highestCounters: highestOf(result.highestCounters, stick.counters),
    findings: [...findings, ...stick.findings],
    from: choice.from,
    to: choice.to,
    admitted: { serialNumber: standby.node.coordinator.serialNumber, enrolled: input.enrolBlankStick },
  };
}

/** What a node itself remembers of handovers before this one; what it cannot tell is a refusal. */
async function remembered(
  { host, node }: NodeAccess,
  signal: AbortSignal,
): Promise<{ epoch: number; counters: FrameCounters; findings: Finding[] }> {
  let epoch = 0;
  let counters = NO_COUNTERS;
  const findings = await run("memory", node.name, async () => {
    epoch = await readEpoch(host, node, signal);
    const state = await readCoordinatorState(host, node, signal);
    if (state) counters = { network: state.maxFrameCounter, linkKeys: state.maxLinkKeyCounter };
    return [];
  });
  return { epoch, counters, findings };
}
