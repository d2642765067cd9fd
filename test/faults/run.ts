import { setTimeout as pause } from "node:timers/promises";
import type { Auditor } from "./auditor/auditor.ts";
import type { Spoiled } from "./auditor/judge-files.ts";
import { NOTHING_TO_HEAL } from "./classes/fault.ts";
import type { Heal, Struck } from "./classes/fault.ts";
import { orderHandover } from "./order.ts";
import type { OrderEnd } from "./order.ts";
import type { Plan } from "./plan.ts";
import { comeToRest } from "./rest.ts";
import type { Site } from "./site.ts";

export interface RunResult {
  readonly run: number;
  readonly faultClass: string;
  /** The plan, with the nodes' names. */
  readonly words: string;
  readonly outcome: string;
  readonly message: string;
  readonly mended: boolean;
  readonly violations: readonly string[];
  readonly seconds: number;
  /** The home cannot be used for further runs. */
  readonly wrecked: boolean;
}

/** From the order to its end, faults and all; a handover that takes longer hangs. */
const ORDER_WITHIN_MS = 240_000;
const HEALED_WITHIN_MS = 90_000;
const WHOLE_RUN_WITHIN_MS = 420_000;
/** Without one of these the system has not said why nobody serves. */
const EXPLAINED = ["failed", "unknown", "refused"];

/** One handover with one fault: struck, healed, waited for, audited. Never rejects. */
export async function runOnce(site: Site, auditor: Auditor, plan: Plan): Promise<RunResult> {
  const began = Date.now();
  const struck = rolesOf(site, plan);
  const words = `${struck.from.name}→${struck.to.name} ${plan.words}`;
  const deadline = AbortSignal.timeout(WHOLE_RUN_WITHIN_MS);
  const violations: string[] = [];
  let end: OrderEnd = { outcome: "not ended", message: "" };
  let mended = false;
  let wrecked = false;
  try {
    await setMode(site, plan.armed);
    end = await orderAndStrike(site, plan, struck);
    const rest = await comeToRest(site, deadline, plan.armed);
    ({ mended } = rest);
    if (rest.trouble) violations.push(`liveness: ${rest.trouble}`);
    const mayBeDark = plan.faultClass.mayEndDark && !plan.armed;
    if (mended && !mayBeDark && !rest.asks && !EXPLAINED.includes(end.outcome))
      violations.push(`liveness: nobody served after "${end.outcome}", until a person started it`);
    wrecked = !rest.serving;
    const audit = await auditor.audit({ mayBeDark: wrecked, spoiled: spoiledBy(plan) });
    violations.push(...audit.violations);
  } catch (error) {
    violations.push(`the run itself failed: ${(error as Error).message}`);
    wrecked = true;
  }
  return {
    run: plan.run,
    faultClass: plan.faultClass.name,
    words,
    outcome: end.outcome,
    message: end.message,
    mended,
    violations,
    seconds: Math.round((Date.now() - began) / 100) / 10,
    wrecked,
  };
}

function rolesOf(site: Site, plan: Plan): Struck {
  const from = site.nodes.find(({ name }) => name === site.home.servingNode()?.name) ?? site.nodes[0];
  const to = site.nodes.find((node) => node !== from);
  if (!from || !to) throw new Error("A run needs two nodes.");
  return { site, from, to, node: plan.victim === "from" ? from : to };
}

/** Armed, and no failover before it holds the next one up; or only observing. */
async function setMode(site: Site, armed: boolean): Promise<void> {
  const { mode, blocked } = await site.lab.serviceState();
  if (armed !== (mode === "armed")) await site.lab.understudy.run([armed ? "arm" : "observe"]);
  if (blocked) await site.lab.understudy.run(["acknowledge"]);
}

async function orderAndStrike(site: Site, plan: Plan, struck: Struck): Promise<OrderEnd> {
  const { moment, fault } = plan;
  let heal: Heal = NOTHING_TO_HEAL;
  try {
    if (!moment.step) {
      heal = await fault.strike(struck);
      await pause(moment.afterMs);
    }
    const { kind } = plan;
    if (kind === "nothing") return { outcome: "nothing ordered", message: "" };
    const over = { yes: false };
    const order = orderHandover(site, {
      kind,
      by: plan.by,
      to: struck.to.name,
      reason: `fault campaign, run ${plan.run}`,
    }).finally(() => {
      over.yes = true;
    });
    if (moment.step) {
      await stepBegan(site, moment.step, () => over.yes);
      await pause(moment.afterMs);
      heal = await fault.strike(struck);
    }
    return await within(order, ORDER_WITHIN_MS, `the handover did not end within ${ORDER_WITHIN_MS / 1000} s`);
  } finally {
    await within(heal(), HEALED_WITHIN_MS, `the fault could not be ended within ${HEALED_WITHIN_MS / 1000} s`);
  }
}

/** Waits for a step of the handover that runs now, or for its end. */
async function stepBegan(site: Site, step: string, over: () => boolean): Promise<void> {
  const since = Date.now();
  while (!over()) {
    const report = await Promise.race([site.lab.progress(), pause(500)]);
    const ofThisRun = report && Date.parse(report.startedAt) > since - 1_000;
    if (ofThisRun && report.steps.some(({ name }) => name === step)) return;
    await pause(15);
  }
}

async function within<T>(promise: Promise<T>, ms: number, otherwise: string): Promise<T> {
  const timer = new AbortController();
  const late = pause(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(otherwise);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** What the fault itself has spoiled and healed again may have been judged by Understudy meanwhile, and removed. */
function spoiledBy(plan: Plan): Spoiled {
  return (_node, file) => plan.faultClass.name === "file-spoiled" && file === "generations";
}
