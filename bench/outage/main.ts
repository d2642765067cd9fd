/**
 * `npm run bench`: how long a light obeys nobody while Zigbee2MQTT is restarted in place, handed over by the prototype's
 * procedure and by Understudy, and taken over after a fault; all in one run on the same lab. `--help` shows the options. The last
 * line is one JSON object. Exits with 1 where a device joined again, two coordinators were on the air, or a part failed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { breakdownOf, timelineOf } from "./breakdown.ts";
import { documentOf } from "./document.ts";
import { planFrom, USAGE } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { plotOf } from "./plot.ts";
import { complaintOf, lineOf, summarise } from "./report.ts";
import type { Measurement } from "./result.ts";
import { measureRound, open } from "./round.ts";

async function main(plan: Plan): Promise<number> {
  const startedAt = Date.now();
  const measurements: Measurement[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  const notes = {
    say: (line: string) => console.log(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}`),
    add(measurement: Measurement) {
      measurements.push(measurement);
      notes.say(lineOf(measurement));
      for (const line of timelineOf(measurement)) console.log(`           ${line}`);
      const complaint = complaintOf(measurement);
      if (complaint) notes.say(`NOT AS IT MUST BE: ${complaint}`);
    },
    skip(what: string) {
      skipped.push(what);
      notes.say(`Skipped: ${what}.`);
    },
    fail(what: string) {
      failed.push(what);
      notes.say(`FAILED: ${what}`);
    },
  };
  for (const round of plan.rounds) await measureRound(round, plan, notes);
  const [{ devices } = { devices: 50 }] = plan.rounds;
  const summary = summarise(measurements, devices, { skipped, failed });
  if (plan.out) {
    mkdirSync(plan.out, { recursive: true });
    const breakdown = breakdownOf(measurements, devices);
    const about = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}) at a load of ${loadavg()[2]?.toFixed(1)}`,
      hosts: plan.hosts === "namespaces" ? "hosts in namespaces" : "hosts that share one system",
    };
    writeFileSync(join(plan.out, "bench.md"), documentOf(summary, breakdown, about));
    writeFileSync(join(plan.out, "bench.svg"), plotOf(summary, breakdown));
    notes.say(`Written: ${join(plan.out, "bench.md")}, ${join(plan.out, "bench.svg")}.`);
  }
  console.log(JSON.stringify(summary));
  return failed.length > 0 || measurements.some((measurement) => complaintOf(measurement)) ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void Promise.allSettled([...open].map((site) => site.end())).then(() => process.exit(130));
  });
}
const plan = planFrom(process.argv.slice(2), process.getuid?.() === 0);
if (plan) process.exit(await main(plan));
console.log(USAGE);
