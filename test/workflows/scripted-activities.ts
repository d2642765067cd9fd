import { ApplicationFailure } from "@temporalio/common";
import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { HandoverActivities, NodeFacts, WatchActivities } from "../../workflows/activity-types.ts";
import { serviceActivities } from "../../activities/service-link.ts";

export type StepName = Exclude<keyof HandoverActivities, "openHandover" | "announceHandover" | "closeHandover" | "settleHandover">;

/** A home of two nodes whose every step can be made to fail, to hang, or to be watched; the link to `service` is the real one. */
export class ScriptedHome {
  readonly calls: string[] = [];
  readonly fail = new Map<string, ApplicationFailure>();
  readonly hang = new Set<string>();
  readonly running = new Set<string>(["a"]);
  readonly granted = new Map<string, number>();
  readonly unreachable = new Set<string>();
  #watchers: { name: string; resolve: () => void }[] = [];

  /** Resolves when that step (`stopNode a`) has been called. */
  called(name: string): Promise<void> {
    if (this.calls.includes(name)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ name, resolve }));
  }

  activities(client: Client, taskQueue: string): HandoverActivities & WatchActivities {
    const act = async (name: StepName, node: string | undefined, effect?: () => void) => {
      const key = node ? `${name} ${node}` : name;
      this.calls.push(key);
      for (const watcher of this.#watchers.filter((w) => w.name === key)) watcher.resolve();
      const failure = this.fail.get(key);
      if (failure) throw failure;
      if (this.hang.has(key)) {
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        await Context.current().cancelled.finally(() => clearInterval(beat));
      }
      effect?.();
    };
    const generation = { id: "g1", sha256: "00", bytes: 2048, coordinatorIeee: "00124b0000000001", counters: { network: 5000, linkKeys: 500 } };
    return {
      ...serviceActivities(client, taskQueue),
      preflight: async ({ to }) => {
        await act("preflight", undefined);
        return { findings: [{ check: "reachable", ok: true, what: "both nodes answer" }], from: "a", to: to ?? "b", highestEpoch: 0, highestCounters: { network: 4000, linkKeys: 400 } };
      },
      readFacts: async () => {
        await act("readFacts", undefined);
        return ["a", "b"].map((node): NodeFacts => {
          const reachable = !this.unreachable.has(node);
          return { node, reachable, running: reachable ? this.running.has(node) : "unknown", epoch: this.granted.get(node) ?? 0, coordinatorDirty: false };
        });
      },
      stopNode: async ({ node }) => {
        await act("stopNode", node, () => this.running.delete(node));
        return { issuedAt: new Date().toISOString(), wasRunning: true };
      },
      silenceNode: async ({ node }) => {
        await act("silenceNode", node);
        return { deviceState: 0 };
      },
      dumpNvram: async ({ node }) => {
        await act("dumpNvram", node);
        return generation;
      },
      transferFile: async ({ to }) => {
        await act("transferFile", to);
        return { bytes: 2048 };
      },
      restoreNvram: async ({ node, highestCounters }) => {
        await act("restoreNvram", node);
        return { counters: raised(highestCounters) };
      },
      applyConfig: async ({ node }) => {
        await act("applyConfig", node);
        return { files: 7 };
      },
      startNode: async ({ node, epoch }) => {
        this.granted.set(node, epoch);
        await act("startNode", node, () => this.running.add(node));
        return { issuedAt: new Date().toISOString() };
      },
      proveNode: async ({ node }) => {
        await act("proveNode", node);
        return { firstAnswerAt: new Date().toISOString(), answered: 3, asked: 3 };
      },
      raiseCounters: async ({ node, above }) => {
        await act("raiseCounters", node);
        return { counters: raised(above) };
      },
      leaveClean: ({ node }) => act("leaveClean", node),
      undoApplyConfig: ({ node }) => act("undoApplyConfig", node),
      undoTransferFile: ({ node }) => act("undoTransferFile", node),
    };
  }
}

function raised(counters: FrameCounters): FrameCounters {
  return { network: counters.network + 1000, linkKeys: counters.linkKeys + 1000 };
}

/** A failure as the product's activities throw it. */
export function stepFailure(id: string, node: string, options: { issued?: boolean } = {}): ApplicationFailure {
  const details = { what: `${id} happened`, next: "mend it", node, ...(options.issued === false ? { issued: false } : {}) };
  return ApplicationFailure.create({ type: id, message: `${node}: ${id} happened Next: mend it`, nonRetryable: true, details: [details] });
}
