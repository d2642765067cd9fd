import type { Secret } from "../../home/support/secret-search.ts";
import { secretsOf } from "../../home/support/secret-material.ts";
import { AirAudit } from "./air.ts";
import { judgeAgreement } from "./agreement.ts";
import { judgeRuns, readRuns, readServiceHistory } from "./history.ts";
import type { RunRecord } from "./history.ts";
import { judgeFiles, NOTHING_SPOILED } from "./judge-files.ts";
import type { Spoiled } from "./judge-files.ts";
import { readNode } from "./node-files.ts";
import type { NodeRecord } from "./node-files.ts";
import type { Watched } from "./watched.ts";

export interface Audit {
  /** In words; empty: all invariants hold. */
  readonly violations: readonly string[];
  /** Handovers since the audit before, oldest first. */
  readonly runs: readonly RunRecord[];
  /** The node that serves, alone. */
  readonly serving: string | undefined;
}

export interface AuditOptions {
  readonly spoiled?: Spoiled;
  /** The system said why nobody serves, or nobody was told to start it: zero on the air is no violation. */
  readonly mayBeDark?: boolean;
}

/** The state of the `service` workflow, as far as it is judged. */
interface ServiceView {
  readonly holder?: string;
  readonly epoch: number;
  readonly current?: unknown;
  readonly unfinished?: unknown;
}

/** Far above what a service that continues as new keeps. */
const MOST_EVENTS = 20_000;

/**
 * Judges a home after every fault by what cannot lie: the air, the nodes' files, Temporal's history. It shares no code with
 * Understudy, and remembers what it saw, so that nothing may fall that must only grow.
 */
export class Auditor {
  readonly #watched: Watched;
  readonly #air: AirAudit;
  readonly #secrets: readonly Secret[];
  readonly #seen = new Set<string>();
  #nodes: readonly NodeRecord[] = [];
  #epoch = 0;

  /** `from`: a node whose files hold the network's secrets. */
  constructor(watched: Watched) {
    this.#watched = watched;
    this.#air = new AirAudit(watched.home);
    const [first] = watched.nodes;
    this.#secrets = first ? secretsOf(watched.home, first.home) : [];
  }

  /** To be asked when the home has come to rest. */
  async audit(options: AuditOptions = {}): Promise<Audit> {
    const { home, nodes, temporal, service } = this.#watched;
    const violations = this.#air.audit();
    const records = nodes.map(readNode);
    const state = await temporal.workflow.getHandle(`service:${service}`).query<ServiceView>("state");
    const { spoiled = NOTHING_SPOILED } = options;
    violations.push(...judgeFiles(records, { before: this.#nodes, spoiled, handedOver: state.epoch > 0 }));
    this.#nodes = records;

    const onAir = records.filter((record) => record.onAir);
    const running = records.filter((record) => record.running);
    if (onAir.length > 1) violations.push(`I1: ${namesOf(onAir)} are on the air`);
    if (running.length > 1) violations.push(`I2: Zigbee2MQTT runs on ${namesOf(running)}`);
    const serving = onAir.length === 1 ? onAir[0]?.name : undefined;
    if (!serving && !options.mayBeDark) violations.push("liveness: nobody serves, and nothing was said about it");
    const servingNode = nodes.find(({ name }) => name === serving);
    if (servingNode && running.some(({ name }) => name === serving))
      violations.push(...judgeAgreement(home, servingNode));

    const runs = await readRuns(temporal, service, this.#seen, this.#secrets);
    for (const run of runs) if (run.to !== undefined) this.#seen.add(run.runId);
    violations.push(...judgeRuns(runs));
    const history = await readServiceHistory(temporal, service, this.#secrets);
    for (const secret of history.secrets) violations.push(`I10: the service's history holds the ${secret}`);
    if (history.events > MOST_EVENTS) violations.push(`the service's history has grown to ${history.events} events`);
    violations.push(...this.#judgeService(state, runs, serving, records));
    return { violations, runs, serving };
  }

  /** I7: what the system says is what the nodes show. */
  #judgeService(
    state: ServiceView,
    runs: readonly RunRecord[],
    serving: string | undefined,
    records: readonly NodeRecord[],
  ): string[] {
    const found: string[] = [];
    if (state.epoch < this.#epoch) found.push(`I2: the service's epoch fell from ${this.#epoch} to ${state.epoch}`);
    this.#epoch = state.epoch;
    if (state.current) found.push("I7: the service believes that a handover is under way");
    if (state.unfinished) found.push("I9: a handover is unfinished");
    if (serving && state.holder !== serving)
      found.push(`I7: ${serving} serves, and the service believes that ${state.holder ?? "nobody"} does`);
    const granted = records.find(({ name }) => name === serving)?.grant;
    if (granted && granted !== "unreadable" && granted.epoch > state.epoch)
      found.push(`I2: ${serving} serves under epoch ${granted.epoch}, and the service knows ${state.epoch} only`);
    const last = runs.findLast(({ verdict }) => verdict && ["done", "returned"].includes(verdict.outcome))?.verdict;
    const promised = last?.outcome === "done" ? last.to : last?.from;
    // A recovery that completed or returned says so in its own words; a switchover's verdict names the node.
    if (last && last.kind !== "recovery" && serving && promised && serving !== promised && isLast(runs, last))
      found.push(`I7: the last ${last.kind} says ${last.outcome} with ${promised}, and ${serving} serves`);
    return found;
  }
}

function isLast(runs: readonly RunRecord[], verdict: NonNullable<RunRecord["verdict"]>): boolean {
  return (
    runs.findLast((run) => run.verdict?.outcome !== "refused" && run.verdict?.outcome !== "rehearsed")?.verdict ===
    verdict
  );
}

function namesOf(records: readonly NodeRecord[]): string {
  return records.map(({ name }) => name).join(" and ");
}
