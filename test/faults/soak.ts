/**
 * `npm run soak -- --minutes 60`: a handover every minute with a random fault, and what grows meanwhile: memory, connections,
 * history. Prints a table and, as its last line, one JSON object. Exits with 1 where an invariant was violated or
 * something leaks.
 */
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Auditor } from "./auditor/auditor.ts";
import { silentDevices } from "./campaign.ts";
import { faultClasses } from "./classes/index.ts";
import { growthOf, takeSample } from "./growth.ts";
import type { Sample } from "./growth.ts";
import { planRun } from "./plan.ts";
import { runOnce } from "./run.ts";
import { endWithSignals, openSite } from "./site.ts";

const MINUTE_MS = 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "60" },
      seed: { type: "string", default: String(Date.now()) },
      hosts: { type: "string", default: "local" },
    },
  });
  const hosts = values.hosts === "namespaces" ? "namespaces" : "local";
  const { seed } = values;
  const classes = faultClasses(hosts);
  const until = Date.now() + Number(values.minutes) * MINUTE_MS;
  const site = await openSite({ hosts });
  const violations: string[] = [];
  const samples: Sample[] = [];
  let handovers = 0;
  try {
    const auditor = new Auditor(site);
    console.log("minute  worker MB  server MB  start MB  SSH  service events  outcome");
    for (let minute = 1; Date.now() < until; minute++) {
      const next = Date.now() + MINUTE_MS;
      const result = await runOnce(site, auditor, planRun(seed, minute, classes));
      handovers += 1;
      violations.push(...result.violations.map((violation) => `minute ${minute}: ${violation}`));
      const sample = await takeSample(site, minute);
      samples.push(sample);
      console.log(rowOf(sample, `${result.faultClass}: ${result.outcome}`));
      for (const violation of result.violations) console.log(`    ! ${violation} (${result.words})`);
      if (result.wrecked) break;
      if (Date.now() < Math.min(next, until)) await pause(Math.min(next, until) - Date.now());
    }
    const silent = await silentDevices(site);
    if (silent) violations.push(`the mesh: ${silent}`);
  } finally {
    await site.end();
  }
  const growth = growthOf(samples);
  const leaks = growth.leaks;
  console.log(
    JSON.stringify({
      minutes: Number(values.minutes),
      handovers,
      seed,
      violations: violations.length,
      words: violations,
      growth,
    }),
  );
  return violations.length > 0 || leaks.length > 0 ? 1 : 0;
}

function rowOf({ minute, workerMb, serverMb, startMb, connections, serviceEvents }: Sample, words: string): string {
  const cells = [minute, workerMb, serverMb, startMb, connections, serviceEvents].map((value) =>
    String(value).padStart(9),
  );
  return `${cells.join("  ")}  ${words}`;
}

endWithSignals();
process.exitCode = await main();
