/**
 * `npm run scale [-- --services 1,10,100,1000] [--seconds 60] [--lost 100]`: what one worker and one trigger process cost that look after
 * so many services, and how soon it is decided what to do when many of them fail in the same moment. Real Temporal, real broker, the
 * product's workflows, schedules and triggers; nodes and Zigbee2MQTTs are simulated. For each number: all services armed, a while of
 * nothing, then at most --lost of them lose their connection at once. The last line is one JSON object; exit code 1 where the
 * slowest decision took more than 5 s.
 */
import { parseArgs } from "node:util";
import { measure } from "./measure.ts";
import { table } from "./table.ts";
import type { ScaleFigures } from "./table.ts";

const SLOWEST_MS = 5_000;

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "1,10,100,1000" },
    seconds: { type: "string", default: "60" },
    lost: { type: "string", default: "100" },
  },
});
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());

const rows: ScaleFigures[] = [];
try {
  for (const services of values.services.split(",").map(Number)) {
    const lost = Math.min(Number(values.lost), services);
    rows.push(await measure({ services, lost, seconds: Number(values.seconds), signal: stop.signal }));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
for (const line of table(rows)) console.log(line);
const slowestMs = Math.max(...rows.map((row) => row.slowestDecisionMs ?? Infinity));
if (!(slowestMs <= SLOWEST_MS)) process.exitCode = 1;
console.log(JSON.stringify({ slowestDecisionMs: Number.isFinite(slowestMs) ? slowestMs : null, rows }));
process.exit();
