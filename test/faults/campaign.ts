import { Auditor } from "./auditor/auditor.ts";
import { faultClasses } from "./classes/index.ts";
import { planRun } from "./plan.ts";
import type { OrderKind } from "./plan.ts";
import { addToRecord, countBy, readRecord } from "./record.ts";
import { runOnce } from "./run.ts";
import type { RunResult } from "./run.ts";
import { openSite } from "./site.ts";
import type { HostKind, Site } from "./site.ts";

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: string;
  readonly hosts: HostKind;
  /** Only these runs of the seed. */
  readonly only?: readonly number[];
  /** Only faults of these classes. */
  readonly classes?: readonly string[];
  /** One JSON object a line for each run; runs that stand there already are not made again. */
  readonly record?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The campaign ends when something was violated in these words. */
  readonly until?: RegExp;
  /** Only such handovers. */
  readonly kind?: OrderKind;
  readonly say: (line: string) => void;
}

export interface CampaignSummary {
  readonly runs: number;
  readonly violations: number;
  readonly seed: string;
  readonly hosts: HostKind;
  readonly seconds: number;
  /** Runs after which a person had to start the service: what Understudy never touched, nobody starts again. */
  readonly mended: number;
  readonly classes: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failing: readonly { readonly run: number; readonly violations: readonly string[] }[];
  /** Devices that no longer answered in the end. */
  readonly silent?: string;
}

/** Random faults at random moments in random handovers. One home for all, a new one where a run has wrecked it. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignSummary> {
  const { seed, hosts, say } = options;
  const began = Date.now();
  const classes = faultClasses(hosts).filter(({ name }) => options.classes?.includes(name) ?? true);
  const results = readRecord<RunResult>(options.record, seed);
  const numbers = options.only ?? Array.from({ length: options.runs }, (_, index) => index + 1);
  let current: { site: Site; auditor: Auditor } | undefined;
  try {
    for (const number of numbers) {
      if (results.some(({ run }) => run === number)) continue;
      current ??= await open(options);
      const result = await runOnce(current.site, current.auditor, planRun(seed, number, classes, options.kind));
      results.push(result);
      addToRecord(options.record, seed, result);
      say(lineOf(seed, result));
      for (const violation of result.violations) say(`    ! ${violation}`);
      const { until } = options;
      if (until && result.violations.some((violation) => until.test(violation))) break;
      if (result.violations.length > 0) await dump(current.site, say);
      if (result.wrecked) {
        await current.site.end();
        current = undefined;
      }
    }
    const silent = current && (await silentDevices(current.site));
    if (silent) say(`    ! the mesh: ${silent}`);
    return summarize(options, results, { began, silent });
  } finally {
    await current?.site.end();
  }
}

/** Names the devices that do not answer through the node that serves; undefined: all do. */
export async function silentDevices(site: Site): Promise<string | undefined> {
  const serving = site.home.servingNode();
  if (!serving) return "nobody serves in the end";
  return await site.home.everyDeviceAnswersThrough(serving.name, { withinMs: 60_000 }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

const OPENING_ATTEMPTS = 3;

async function open(options: CampaignOptions, attempt = 1): Promise<{ site: Site; auditor: Auditor }> {
  const began = Date.now();
  const site = await openSite({ hosts: options.hosts, environment: options.environment }).catch((error: Error) => {
    options.say(`the home did not come up: ${error.message}`);
    if (attempt === OPENING_ATTEMPTS) throw error;
    return undefined;
  });
  if (!site) return await open(options, attempt + 1);
  options.say(`a home on ${options.hosts} hosts, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return { site, auditor: new Auditor(site) };
}

function lineOf(seed: string, result: RunResult): string {
  const verdict = result.violations.length === 0 ? "ok" : `${result.violations.length} VIOLATIONS`;
  const mended = result.mended ? ", started by hand" : "";
  return `run ${result.run} of seed ${seed} | ${result.faultClass} | ${result.words} | ${result.outcome}${mended} | ${verdict} | ${result.seconds} s`;
}

/** What somebody needs who looks for the cause. */
async function dump(site: Site, say: (line: string) => void): Promise<void> {
  const state = await site.lab.serviceState().catch((error: Error) => error.message);
  const progress = await site.lab.progress();
  say(`    service: ${JSON.stringify(state)}`);
  say(`    handover: ${JSON.stringify(progress)}`);
  for (const line of site.lab.understudy.logTail().split("\n")) say(`    log: ${line}`);
  for (const { name, home } of site.nodes)
    say(`    ${name}: ${JSON.stringify({ running: home.zigbee2mqtt.running, stick: home.dongle.inspect() })}`);
}

function summarize(
  options: CampaignOptions,
  results: readonly RunResult[],
  { began, silent }: { began: number; silent: string | undefined },
): CampaignSummary {
  const failing = results.filter(({ violations }) => violations.length > 0);
  return {
    runs: results.length,
    violations: failing.reduce((sum, { violations }) => sum + violations.length, silent ? 1 : 0),
    seed: options.seed,
    hosts: options.hosts,
    seconds: Math.round((Date.now() - began) / 1000),
    mended: results.filter(({ mended }) => mended).length,
    classes: countBy(results, ({ faultClass }) => faultClass),
    outcomes: countBy(results, ({ outcome }) => outcome),
    failing: failing.map(({ run, violations }) => ({ run, violations })),
    ...(silent ? { silent } : {}),
  };
}
