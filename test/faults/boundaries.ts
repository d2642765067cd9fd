import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Auditor } from "./auditor/auditor.ts";
import { orderHandover } from "./order.ts";
import type { OrderEnd } from "./order.ts";
import { randomFrom } from "./random.ts";
import { addToRecord, countBy, readRecord } from "./record.ts";
import { comeToRest } from "./rest.ts";
import { openSite } from "./site.ts";
import type { HostKind, Site, SiteNode } from "./site.ts";
import { asNamespaceNode } from "./classes/hosts.ts";
import { BoundaryFile } from "./workers/boundary-file.ts";
import { workerEnvironment } from "./workers/program.ts";

/** Who is struck at every boundary. */
export const STRUCK = ["worker", "server", "ssh", "power-from", "power-to"] as const;
export type StruckAt = (typeof STRUCK)[number];

/** The activities of each handover, in order. */
export const ACTIVITIES = {
  switchover: [
    "openHandover",
    "cancelSync",
    "preflight",
    "announceHandover",
    "stopNode",
    "silenceNode",
    "dumpNvram",
    "transferFile",
    "restoreNvram",
    "applyConfig",
    "startNode",
    "proveNode",
    "leaveClean",
    "closeHandover",
  ],
  failover: [
    "openHandover",
    "cancelSync",
    "checkFitness",
    "announceHandover",
    "fenceNode",
    "raiseCounters",
    "applyConfig",
    "startNode",
    "proveNode",
    "closeHandover",
  ],
} as const;

export interface BoundaryOptions {
  readonly handover: keyof typeof ACTIVITIES;
  readonly struck: StruckAt;
  readonly hosts: HostKind;
  readonly seed: string;
  /** Only at these activities. */
  readonly activities?: readonly string[];
  /** One JSON object a line for each boundary; those that stand there already are not struck again. */
  readonly record?: string;
  readonly say: (line: string) => void;
}

export interface BoundarySummary {
  readonly handover: string;
  readonly struck: StruckAt;
  readonly boundaries: number;
  readonly violations: number;
  readonly seed: string;
  /** Boundaries that the handover never came to. */
  readonly notMet: readonly string[];
  /** How many handovers ended so. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const ORDER_WITHIN_MS = 300_000;
const WHEN = ["before", "during", "after"] as const;

/** One boundary, and what came of it. */
interface Cell {
  readonly handover: string;
  readonly struck: StruckAt;
  readonly activity: string;
  readonly when: (typeof WHEN)[number];
  readonly outcome: string;
  readonly met: boolean;
  readonly violations: readonly string[];
}

/** Strikes before, during and after each activity of a handover, one handover each, and audits what came of it. */
export async function runBoundaries(options: BoundaryOptions): Promise<BoundarySummary> {
  const { say, seed, struck, handover } = options;
  const directory = mkdtempSync(join(tmpdir(), "understudy-boundary-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "boundary");
  const boundary = new BoundaryFile(file);
  const random = randomFrom(`${seed}:${handover}:${struck}`);
  const cells = readRecord<Cell>(options.record, seed).filter(
    (cell) => cell.handover === handover && cell.struck === struck,
  );
  let open: { site: Site; auditor: Auditor } | undefined;
  try {
    for (const activity of options.activities ?? ACTIVITIES[handover]) {
      for (const when of WHEN) {
        const duringMs = random.between(5, 400);
        if (cells.some((cell) => cell.activity === activity && cell.when === when)) continue;
        open ??= await openWith(options.hosts, file);
        const began = Date.now();
        boundary.ask({
          activity,
          when: when === "during" ? duringMs : when,
          act: struck === "worker" ? "kill" : "tell",
        });
        const { wrecked, ...result } = await atBoundary(open.site, open.auditor, boundary, options);
        const cell = { handover, struck, activity, when, ...result };
        cells.push(cell);
        addToRecord(options.record, seed, cell);
        say(`${lineOf(cell)} | ${((Date.now() - began) / 1000).toFixed(1)} s`);
        for (const violation of result.violations) say(`    ! ${violation}`);
        if (wrecked) {
          await open.site.end();
          open = undefined;
        }
      }
    }
  } finally {
    await open?.site.end();
  }
  return {
    handover,
    struck,
    boundaries: cells.length,
    violations: cells.reduce((sum, { violations }) => sum + violations.length, 0),
    seed,
    notMet: cells.filter(({ met }) => !met).map(({ when, activity }) => `${when} ${activity}`),
    outcomes: countBy(cells, ({ outcome }) => outcome),
  };
}

function lineOf({ struck, when, activity, handover, met, outcome, violations }: Cell): string {
  const seen = met ? "" : " (never came to it)";
  const verdict = violations.length === 0 ? "ok" : `${violations.length} VIOLATIONS`;
  return `${struck} ${when} ${activity} of ${handover}${seen} | ${outcome} | ${verdict}`;
}

async function openWith(hosts: HostKind, file: string): Promise<{ site: Site; auditor: Auditor }> {
  const environment = { ...workerEnvironment("boundary-worker"), BOUNDARY_FILE: file };
  const site = await openSite({ hosts, environment });
  return { site, auditor: new Auditor(site) };
}

async function atBoundary(
  site: Site,
  auditor: Auditor,
  boundary: BoundaryFile,
  { handover, struck }: BoundaryOptions,
): Promise<{ outcome: string; met: boolean; violations: string[]; wrecked: boolean }> {
  const from = site.nodes.find(({ name }) => name === site.home.servingNode()?.name);
  const to = site.nodes.find((node) => node !== from);
  if (!from || !to)
    return { outcome: "nobody serves", met: false, violations: ["nobody serves before it"], wrecked: true };
  const over = { yes: false, met: false };
  const deadline = AbortSignal.timeout(ORDER_WITHIN_MS);
  try {
    const order: Promise<OrderEnd> = orderHandover(site, {
      kind: handover,
      by: "the CLI",
      to: to.name,
      reason: "boundary",
    });
    const striking = strikeWhenMet(site, boundary, { struck, from, to }, over);
    const end = await order.finally(() => (over.yes = true));
    await striking;
    const rest = await comeToRest(site, deadline);
    const audit = await auditor.audit({ mayBeDark: !rest.serving });
    const violations = [...(rest.trouble ? [`liveness: ${rest.trouble}`] : []), ...audit.violations];
    if (["worker", "server"].includes(struck) && end.outcome !== "done")
      violations.push(`one kind of end state: it ended as "${end.outcome}": ${end.message}`);
    return { outcome: end.outcome, met: over.met, violations, wrecked: !rest.serving };
  } catch (error) {
    return {
      outcome: "not ended",
      met: over.met,
      violations: [`it did not end: ${(error as Error).message}`],
      wrecked: true,
    };
  } finally {
    boundary.release();
  }
}

async function strikeWhenMet(
  site: Site,
  boundary: BoundaryFile,
  { struck, from, to }: { struck: StruckAt; from: SiteNode; to: SiteNode },
  over: { readonly yes: boolean; met: boolean },
): Promise<void> {
  while (!boundary.met) {
    if (over.yes) return;
    await pause(10);
  }
  over.met = true;
  const heal = await strike(site, struck, from, to);
  boundary.release();
  await heal();
}

async function strike(site: Site, struck: StruckAt, from: SiteNode, to: SiteNode): Promise<() => Promise<void>> {
  switch (struck) {
    case "worker":
      break; // It has killed itself.
    case "server":
      site.signal("server", "SIGKILL");
      break;
    case "ssh":
      for (const node of site.nodes) node.cutConnections();
      break;
    case "power-from":
      return await losePower(from);
    case "power-to":
      return await losePower(to);
  }
  return () => Promise.resolve();
}

const OFF_MS = 5_000;

async function losePower(node: SiteNode): Promise<() => Promise<void>> {
  await asNamespaceNode(node).powerOff();
  return async () => {
    await pause(OFF_MS);
    await asNamespaceNode(node).powerOn();
  };
}
