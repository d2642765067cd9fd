import { NO_COUNTERS, highestOf } from "../model/frame-counters.ts";
import type { FailoverActivities, Fitness, FitnessInput } from "../workflows/activity-types.ts";
import { chooseCandidates } from "./fitness/candidates.ts";
import { checkCandidate } from "./fitness/standby.ts";
import { refused } from "./preflight/check.ts";
import { step } from "./support/step.ts";
import { currentRun } from "./support/world.ts";
import type { World } from "./support/world.ts";
import { UnderstudyError } from "../model/errors.ts";

/**
 * Whether a standby could take over right now: every check that can be made without the node that is lost, before anything is
 * fenced. What does not hold is a finding with its mend. Of each candidate only the idle coordinator is touched: it is reset,
 * so that it is silent.
 */
export function checkFitness(world: World): FailoverActivities["checkFitness"] {
  return (input) => step((signal) => check(world, input, signal));
}

async function check(world: World, input: FitnessInput, signal: AbortSignal): Promise<Fitness> {
  const { from, names, findings } = chooseCandidates(world.nodeNames(input.service), input);
  const nothing = { findings, highestEpoch: 0, highestCounters: NO_COUNTERS };
  if (from === undefined || names.length === 0) return nothing;

  const candidates = await Promise.all(names.map((name) => checkOne(world, input, name, signal)));
  const known = {
    from,
    highestEpoch: Math.max(...candidates.map((candidate) => candidate.epoch)),
    highestCounters: candidates.reduce((highest, { counters }) => highestOf(highest, counters), NO_COUNTERS),
  };
  const fit = candidates.find(({ takeover, findings: found }) => takeover && found.every(({ ok }) => ok));
  if (!fit) return { ...known, findings: candidates.flatMap((candidate) => candidate.findings) };
  const { name: to, findings: found, takeover, copyAgeMs } = fit;
  return { ...known, to, findings: found, takeover, copyAgeMs };
}

async function checkOne(world: World, input: FitnessInput, name: string, signal: AbortSignal) {
  try {
    const service = await world.service(input.service, { run: currentRun(), fresh: true, only: [name] });
    return { name, ...(await checkCandidate(world, service, name, input, signal)) };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return {
      name,
      findings: [refused("understood", name, error.what, error.next)],
      epoch: 0,
      counters: NO_COUNTERS,
      takeover: undefined,
      copyAgeMs: undefined,
    };
  }
}
