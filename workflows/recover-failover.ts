import type { NodeFacts, NodeStep, Takeover } from "./activity-types.ts";
import { bringingBack, onNode, onNodeOnce } from "./activities-proxy.ts";
import type { Unfinished } from "./contract.ts";
import { isUnseen } from "./failures.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import type { RecoveryDecision } from "./recovery.ts";
import { TakeOver } from "./take-over.ts";
import type { Ending } from "./take-over.ts";
import { ignoreStepFailure } from "./way-back.ts";

/** A failover as it was announced. */
export interface UnfinishedFailover extends Unfinished {
  readonly kind: "failover";
  readonly takeover: Takeover;
}

export function isFailover(unfinished: Unfinished): unfinished is UnfinishedFailover {
  return unfinished.kind === "failover" && unfinished.takeover !== undefined;
}

/**
 * Brings a failover that ended without a verdict to an end: a standby that runs is proven; an old node that serves after all is
 * left alone; else the standby takes over once more, fence first, since what was proven then need not hold any more (I1).
 * Rejects StepFailed where it cannot be told how things are.
 */
export async function recoverFailover(
  run: HandoverRun,
  unfinished: UnfinishedFailover,
  known: { readonly facts: readonly NodeFacts[]; readonly offline: readonly string[] },
  { action, because }: RecoveryDecision,
): Promise<Ending> {
  const { facts, offline } = known;
  const { from, to } = unfinished;
  // Above the handover's own and that of its way back, so that nothing they left behind takes effect any more.
  const epoch = Math.max(unfinished.epoch + 1, ...facts.map((node) => node.epoch)) + 1;
  const lead = `The failover from ${from} to ${to} ended without a verdict; ${because}`;
  if (action === "unknown") return { outcome: "unknown", message: `${lead}. Nothing was changed: look at the nodes.` };

  run.recorder.set({ epoch });
  run.sawCounters(unfinished.takeover.generation.counters);
  // startNode keeps the grant on the node before it issues the start.
  const mayHaveSpoken = facts.some((node) => node.node === to && node.epoch >= unfinished.epoch);
  const recovery = new FailoverRecovery(run, unfinished, { epoch, mayHaveSpoken, offline });
  if (action === "complete") return recovery.complete(facts.some(({ node, reachable }) => node === from && reachable));
  if (action === "settled" && (await recovery.oldNodeServes()))
    return { outcome: "returned", message: `${lead}. ${from} serves.` };
  return recovery.takeOverAgain();
}

class FailoverRecovery {
  readonly #run: HandoverRun;
  readonly #unfinished: UnfinishedFailover;
  readonly #epoch: number;
  /** The standby, in the run that ended without a verdict. */
  readonly #mayHaveSpoken: boolean;
  /** Nodes that a person took out. */
  readonly #offline: readonly string[];

  constructor(
    run: HandoverRun,
    unfinished: UnfinishedFailover,
    now: { epoch: number; mayHaveSpoken: boolean; offline: readonly string[] },
  ) {
    this.#run = run;
    this.#unfinished = unfinished;
    this.#epoch = now.epoch;
    this.#mayHaveSpoken = now.mayHaveSpoken;
    this.#offline = now.offline;
  }

  /** The standby runs: it is granted anew, and what may still be on its way to the old node is refused there from now on. */
  async complete(oldIsThere: boolean): Promise<Ending> {
    const { from, to, takeover } = this.#unfinished;
    if (oldIsThere) await this.#stopOld(from);
    await this.#run.step({ name: "startNode", title: "Start the service", node: to }, () =>
      bringingBack.startNode(this.#at(to)),
    );
    return this.#takeOver(takeover).prove();
  }

  async #stopOld(node: string): Promise<void> {
    const old = this.#at(node);
    for (const [name, title, act] of [
      ["stopNode", "Make sure that the old node is stopped", () => onNodeOnce.stopNode(old)],
      ["silenceNode", "Make sure that its radio is silent", () => onNodeOnce.silenceNode(old)],
    ] as const)
      await this.#run.step<unknown>({ name, title, node }, act).catch(ignoreStepFailure);
  }

  /** The old node runs: whether it serves well. Rejects StepFailed where that cannot be seen (I8). */
  async oldNodeServes(): Promise<boolean> {
    const { from } = this.#unfinished;
    try {
      await this.#run.step(
        { name: "proveNode", title: "See whether the old node serves", node: from },
        () => onNode.proveNode({ ...this.#at(from), since: new Date().toISOString() }),
        ({ answered, asked }) => `${answered} of ${asked} devices answered`,
      );
      return true;
    } catch (error) {
      if (!(error instanceof StepFailed) || isUnseen(error.failure)) throw error;
      return false;
    }
  }

  /** The standby may be less fit than it was; the old node may be fenced, so that it has to be given way to then. */
  async takeOverAgain(): Promise<Ending> {
    const { service } = this.#run.report;
    const { from, to, takeover } = this.#unfinished;
    const before = {
      generation: takeover.generation,
      at: takeover.countersAt,
      preloaded: takeover.write === "counters",
    };
    try {
      const fitness = await this.#run.step(
        { name: "checkFitness", title: "Check whether the standby could take over", node: to },
        () =>
          onNode.checkFitness({
            service,
            from,
            to,
            offline: this.#offline,
            copies: { [to]: before },
            epoch: this.#epoch - 1,
            by: "person",
          }),
      );
      this.#run.recorder.addFindings(fitness.findings);
      this.#run.sawCounters(fitness.highestCounters);
      if (fitness.takeover) return await this.#takeOver(fitness.takeover).run();
      const refusal = fitness.findings.find(({ ok }) => !ok);
      const failure = {
        id: "PREFLIGHT_REFUSED",
        node: to,
        what: refusal?.what ?? "It is not fit.",
        next: refusal?.next ?? "See its findings.",
        issued: false,
        retryable: false,
      };
      return await this.#takeOver(takeover).giveWay(new StepFailed("checkFitness", failure, { cause: undefined }));
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      return this.#takeOver(takeover).giveWay(error);
    }
  }

  #takeOver(takeover: Takeover): TakeOver {
    const { service, startedAt } = this.#run.report;
    const { from, to, runId: handover } = this.#unfinished;
    const plan = { service, from, to, epoch: this.#epoch, handover, takeover, since: startedAt };
    return new TakeOver(this.#run, { ...plan, mayHaveSpoken: this.#mayHaveSpoken });
  }

  #at(node: string): NodeStep {
    return { service: this.#run.report.service, node, epoch: this.#epoch, handover: this.#unfinished.runId };
  }
}
