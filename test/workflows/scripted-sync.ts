import type { Client } from "@temporalio/client";
import { serviceState, syncLink, tellCopy } from "../../activities/sync-link.ts";
import type {
  GenerationRef,
  LiveCapture,
  Preload,
  PreloadInput,
  SyncActivities,
} from "../../workflows/activity-types.ts";
import { inForce } from "../../workflows/service-control.ts";
import { mayWriteRadio, whyNoSync } from "../../workflows/sync-rules.ts";
import type { Act, ScriptedHome } from "./scripted-activities.ts";

export const GENERATION: GenerationRef = {
  id: "20261121T031500Z-e0-a1b2c3",
  sha256: "00",
  bytes: 2048,
  coordinatorIeee: "0x00124b0000000001",
  counters: { network: 5000, linkKeys: 500 },
};

/** What a sync finds, for a test to change. */
export class SyncScript {
  /** What the nodes hold; whether anything is captured at all is decided as in a real home. */
  captured: LiveCapture = { generation: GENERATION, changed: true, liveBackup: true };
  standbys = ["b"];
  /** The setting sync.preload. */
  preloads = true;
  preload: Preload = { preloaded: true, written: "all", counters: { network: 9000, linkKeys: 4500 } };
  /** A look finds every standby to hold what the active node has. */
  fresh = false;
  /** What `findDisturbance` says, one after the other. */
  disturbances: (string | undefined)[] = [];
  /** What `refreshCopy` was allowed to. */
  readonly mayWrite: boolean[] = [];
}

/** The steps of a sync in a scripted home; the link to `service` is the real one. */
export function syncActivities(
  home: ScriptedHome,
  act: Act,
  link: { client: Client; taskQueue: string },
): SyncActivities {
  const { sync } = home;
  const preloadCoordinator = async ({ node, mayWrite }: PreloadInput) => {
    sync.mayWrite.push(mayWrite);
    await act("preloadCoordinator", node);
    return sync.preload;
  };
  return {
    ...syncLink(link.client, link.taskQueue),
    confirmCopies: async ({ service }) => {
      const { holder: active = "", copies, epoch } = await serviceState(link, service, new AbortController().signal);
      const held = Object.entries(copies);
      if (!sync.fresh || held.length === 0) return {};
      await act("confirmCopies", active);
      for (const [node, copy] of held)
        await tellCopy(link.client, {
          service,
          node,
          copy: { ...copy, at: new Date().toISOString() },
          ifEpoch: epoch,
        });
      const standbys = held.map(([node, { preloaded }]) => ({ node, preloaded }));
      return { fresh: { active, generation: GENERATION, standbys } };
    },
    captureLive: async ({ service, by }) => {
      const state = inForce(await serviceState(link, service, new AbortController().signal), new Date());
      const skipped = whyNoSync(state, by);
      if (skipped !== undefined || state.holder === undefined) return { skipped: skipped ?? "nobody serves" };
      await act("captureLive", state.holder);
      const { epoch, highestCounters, copies, holder: active } = state;
      const mayWrite = sync.preloads && mayWriteRadio(state, by);
      return { known: { active, epoch, highestCounters, copies }, standbys: sync.standbys, mayWrite, ...sync.captured };
    },
    preloadCoordinator,
    refreshCopy: async ({ at, listenedAt, ...input }) => {
      const { service, node, generation } = input;
      const preload = await preloadCoordinator(input);
      const copy = { generation, at, preloaded: preload.preloaded, ...(listenedAt ? { listenedAt } : {}) };
      await tellCopy(link.client, { service, node, copy });
      return preload;
    },
    noteListening: async ({ node }) => {
      await act("noteListening", node);
      return { scanned: true, heard: true, heardBefore: true, detail: "heard" };
    },
    findDisturbance: async ({ node }) => {
      await act("findDisturbance", node);
      return sync.disturbances.shift();
    },
  };
}
