import { runCampaign } from "./campaign.ts";
import type { HostKind } from "./site.ts";
import { PLANTED_BUGS } from "./workers/planted-bugs.ts";
import { workerEnvironment } from "./workers/program.ts";

export interface PlantedOptions {
  /** A bug's name, or all. */
  readonly planted: string;
  readonly runs: number;
  readonly seed: string;
  readonly hosts: HostKind;
  readonly say: (line: string) => void;
}

export interface PlantedSummary {
  readonly runs: number;
  /** Bugs that nobody saw: the campaign would prove nothing. */
  readonly violations: number;
  readonly seed: string;
  /** How each was caught, in the auditor's words; undefined: it was not. */
  readonly planted: Readonly<Record<string, string | undefined>>;
}

/** Runs the campaign with a bug in the worker, until the auditor says so. Throws for a name that there is not. */
export async function catchPlanted(options: PlantedOptions): Promise<PlantedSummary> {
  const names = options.planted === "all" ? Object.keys(PLANTED_BUGS) : [options.planted];
  const planted: Record<string, string | undefined> = {};
  let runs = 0;
  for (const name of names) {
    const bug = PLANTED_BUGS[name];
    if (!bug) throw new Error(`There is no planted bug ${name}; there are ${Object.keys(PLANTED_BUGS).join(", ")}.`);
    options.say(`planted: ${bug.words}`);
    const summary = await runCampaign({
      ...options,
      until: bug.caughtBy,
      kind: bug.kind,
      environment: { ...workerEnvironment("planted-worker"), PLANTED_BUG: name },
    });
    runs += summary.runs;
    const said = summary.failing.flatMap(({ violations }) => violations);
    planted[name] = said.find((violation) => bug.caughtBy.test(violation));
    options.say(planted[name] ? `caught: ${planted[name]}` : `NOT CAUGHT in ${summary.runs} runs`);
  }
  const missed = Object.values(planted).filter((words) => words === undefined).length;
  return { runs, violations: missed, seed: options.seed, planted };
}
