/**
 * The fault campaign: `npm run faults -- --runs 200 --seed 7`. One line for each run; the last line is one JSON object. Exits
 * with 1 where an invariant was violated.
 */
import { parseArgs } from "node:util";
import { ACTIVITIES, runBoundaries, STRUCK } from "./boundaries.ts";
import type { BoundaryOptions } from "./boundaries.ts";
import { runCampaign } from "./campaign.ts";
import { faultClasses } from "./classes/index.ts";
import { catchPlanted } from "./planted.ts";
import { endWithSignals } from "./site.ts";

const USAGE = `npm run faults -- [options]
  --runs N          how many random runs (default 200)
  --seed S          the same seed makes the same plans (default: the time)
  --only N,N        only these runs of the seed: a failing one again
  --class NAME,…    only faults of these classes
  --each            one run for each class, in a fixed order
  --hosts KIND      local (default), or namespaces (needs root)
  --record FILE     append each run or boundary as JSON, and skip what stands there: goes on where it was interrupted
  --list            the classes of faults
  --planted NAME    with a bug in the worker (or "all"): fails unless the auditor sees it
  --boundaries      strikes before, during and after each activity of a handover instead
  --handover KIND   … of a switchover (default) or a failover
  --struck WHO,…    … worker (default), server, ssh, power-from, power-to (the last two need namespaces)
  --activity NAME,… … only at these activities`;

/** A planted bug that is not seen by then is not seen. */
const PLANTED_RUNS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "200" },
      seed: { type: "string", default: String(Date.now()) },
      only: { type: "string" },
      class: { type: "string" },
      each: { type: "boolean", default: false },
      hosts: { type: "string", default: "local" },
      record: { type: "string" },
      planted: { type: "string" },
      boundaries: { type: "boolean", default: false },
      handover: { type: "string", default: "switchover" },
      struck: { type: "string", default: "worker" },
      activity: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return tell(USAGE);
  const hosts = values.hosts === "namespaces" ? "namespaces" : "local";
  const classes = faultClasses(hosts);
  if (values.list) return tell(classes.map(({ name }) => name).join("\n"));
  const say = (line: string): void => console.log(line);
  const { seed } = values;
  if (values.planted)
    return conclude(await catchPlanted({ planted: values.planted, runs: PLANTED_RUNS, seed, hosts, say }));
  if (values.boundaries) {
    const handover = oneOf(Object.keys(ACTIVITIES) as BoundaryOptions["handover"][], values.handover);
    let code = 0;
    for (const who of values.struck.split(",")) {
      const struck = oneOf(STRUCK, who);
      const activities = values.activity?.split(",");
      const { record } = values;
      code = Math.max(code, conclude(await runBoundaries({ handover, struck, hosts, seed, activities, record, say })));
    }
    return code;
  }
  const summary = await runCampaign({
    runs: values.each ? classes.length : Number(values.runs),
    seed,
    hosts,
    only: values.only?.split(",").map(Number),
    classes: values.class?.split(","),
    record: values.record,
    say,
  });
  return conclude(summary);
}

function conclude(summary: { readonly violations: number }): number {
  console.log(JSON.stringify(summary));
  return summary.violations > 0 ? 1 : 0;
}

function oneOf<T extends string>(choices: readonly T[], given: string): T {
  const found = choices.find((choice) => choice === given);
  if (!found) throw new Error(`${given} is none of ${choices.join(", ")}.`);
  return found;
}

function tell(text: string): number {
  console.log(text);
  return 0;
}

endWithSignals();
process.exitCode = await main();
