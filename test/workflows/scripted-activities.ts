import { ApplicationFailure } from "@temporalio/common";
import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { NO_COUNTERS } from "../../model/frame-counters.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type {
  AllActivities,
  HandoverActivities,
  NodeFacts,
  OperatingActivities,
  SyncActivities,
  WatchActivities,
  WatchmanActivities,
} from "../../workflows/activity-types.ts";
import { serviceActivities } from "../../activities/service-link.ts";
import { Emergency, emergencyActivities } from "./scripted-emergency.ts";
import type { EmergencyActivities } from "./scripted-emergency.ts";
import { SyncScript, syncActivities } from "./scripted-sync.ts";
import { Watch, watchActivities } from "./scripted-watch.ts";

export type Act = (name: keyof AllActivities, node: string | undefined, effect?: () => void) => Promise<void>;

/** A home of two nodes whose every step can be made to fail, to hang, or to be watched; the link to `service` is the real one. */
export class ScriptedHome {
  readonly calls: string[] = [];
  readonly fail = new Map<string, ApplicationFailure>();
  /** Failures of the first calls of a step, one each, with what each call did before. */
  readonly failFirst = new Map<string, { failure: ApplicationFailure; after?: () => unknown }[]>();
  readonly hang = new Set<string>();
  /** Hang like the others, and are through with it when they are cancelled. */
  readonly finishWhenCancelled = new Set<string>();
  readonly running = new Set<string>(["a"]);
  /** Set once both nodes ran at the same time. */
  ranTogether = false;
  readonly dirty = new Set<string>();
  readonly written = new Map<string, FrameCounters>();
  /** What the preflight finds on the nodes. */
  found: FrameCounters = { network: 4000, linkKeys: 400 };
  readonly granted = new Map<string, number>();
  /** Marks that another controller left, and how old they are. */
  readonly marks = new Map<string, { ageMs: number }>();
  readonly unreachable = new Set<string>();
  /** What the failover's own steps find. */
  readonly emergency = new Emergency();
  /** What a sync finds. */
  readonly sync = new SyncScript();
  /** What a look at it finds. */
  readonly watch = new Watch();
  #watchers: { name: string; resolve: () => void }[] = [];

  /** Resolves when that step (`stopNode a`) has been called. */
  called(name: string): Promise<void> {
    if (this.calls.includes(name)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ name, resolve }));
  }

  start(node: string): void {
    this.running.add(node);
    this.ranTogether ||= this.running.size > 1;
  }

  activities(
    client: Client,
    taskQueue: string,
  ): HandoverActivities &
    WatchActivities &
    SyncActivities &
    EmergencyActivities &
    WatchmanActivities &
    OperatingActivities {
    const act: Act = async (name, node, effect) => {
      const key = node ? `${name} ${node}` : name;
      this.calls.push(key);
      for (const watcher of this.#watchers.filter((w) => w.name === key)) watcher.resolve();
      const first = this.failFirst.get(key)?.shift();
      // Without it nothing is waited for: who waits for this call may let it hang no more right after.
      if (first?.after) await first.after();
      const failure = first?.failure ?? this.fail.get(key);
      if (failure) throw failure;
      if (this.hang.has(key) || this.finishWhenCancelled.has(key)) {
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        await Context.current()
          .cancelled.catch((error: unknown) => {
            if (!this.finishWhenCancelled.has(key)) throw error;
          })
          .finally(() => clearInterval(beat));
      }
      effect?.();
    };
    const requireStartable = (node: string, epoch: number) => {
      if (this.dirty.has(node)) throw stepFailure("COORDINATOR_DIRTY", node, { issued: false });
      if (epoch < (this.granted.get(node) ?? 0)) throw stepFailure("EPOCH_SUPERSEDED", node, { issued: false });
    };
    const generation = {
      id: "g1",
      sha256: "00",
      bytes: 2048,
      coordinatorIeee: "00124b0000000001",
      counters: { network: 5000, linkKeys: 500 },
    };
    return {
      ...serviceActivities(client, taskQueue),
      ...syncActivities(this, act, { client, taskQueue }),
      ...emergencyActivities(this, act),
      discardCopy: async ({ node }) => {
        await act("discardCopy", node);
        return { generations: 3 };
      },
      ...watchActivities(this, act),
      preflight: async ({ to }) => {
        await act("preflight", undefined);
        return {
          findings: [{ check: "reachable", ok: true, what: "both nodes answer" }],
          from: "a",
          to: to ?? "b",
          highestEpoch: 0,
          highestCounters: this.found,
        };
      },
      readFacts: async () => {
        await act("readFacts", undefined);
        return ["a", "b"].map((node): NodeFacts => {
          const reachable = !this.unreachable.has(node);
          const [granted, mark] = [this.granted.get(node), this.marks.get(node)];
          return {
            node,
            reachable,
            running: reachable ? this.running.has(node) : "unknown",
            epoch: reachable ? (granted ?? 0) : 0,
            ...(reachable && granted !== undefined ? { grantedEpoch: granted } : {}),
            ...(reachable && mark ? { otherController: mark } : {}),
            coordinatorDirty: this.dirty.has(node),
            counters: this.written.get(node) ?? NO_COUNTERS,
          };
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
        this.written.set(node, raised(highestCounters));
        return { counters: raised(highestCounters) };
      },
      applyConfig: async ({ node }) => {
        await act("applyConfig", node);
        return { files: 7 };
      },
      startNode: async ({ node, epoch }) => {
        requireStartable(node, epoch);
        this.granted.set(node, epoch);
        await act("startNode", node, () => this.start(node));
        return { issuedAt: new Date().toISOString() };
      },
      proveNode: async ({ node }) => {
        await act("proveNode", node);
        return { firstAnswerAt: new Date().toISOString(), answered: 3, asked: 3 };
      },
      raiseCounters: async ({ node, above }) => {
        await act("raiseCounters", node, () => this.dirty.delete(node));
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
export function stepFailure(
  id: string,
  node: string,
  options: { issued?: boolean; retryable?: boolean } = {},
): ApplicationFailure {
  const details = {
    what: `${id} happened`,
    next: "mend it",
    node,
    ...(options.issued === false ? { issued: false } : {}),
  };
  return ApplicationFailure.create({
    type: id,
    message: `${node}: ${id} happened Next: mend it`,
    nonRetryable: options.retryable !== true,
    details: [details],
  });
}
