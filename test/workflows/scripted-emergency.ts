import type {
  FailoverActivities,
  FenceReport,
  Fitness,
  Listening,
  SyncActivities,
  Takeover,
} from "../../workflows/activity-types.ts";
import type { Act, ScriptedHome } from "./scripted-activities.ts";

export type EmergencyActivities = FailoverActivities & Pick<SyncActivities, "cancelSync" | "preloadCoordinator">;

export const OFF: FenceReport = {
  proven: "host off",
  selfFenced: false,
  rungs: [{ rung: "snmp 10.0.0.9 outlet 3", proves: "host off", ok: true, detail: "read back: off" }],
};
/** The same outlet, which only the user's word takes for the old node's. */
export const OFF_ON_TRUST: FenceReport = { ...OFF, rungs: OFF.rungs.map((rung) => ({ ...rung, onTrust: true })) };
export const NOT_OFF: FenceReport = {
  selfFenced: false,
  rungs: [{ rung: "ssh", proves: "radio off", ok: false, detail: "it does not answer" }],
};
export const DEAF: Listening = { scanned: false, heard: false, heardBefore: false, detail: "it cannot scan" };
export const SILENT: Listening = { scanned: true, heard: false, heardBefore: true, detail: "nothing heard" };
export const HEARD: Listening = { scanned: true, heard: true, heardBefore: true, detail: "a beacon of PAN 0x1a62" };

/** What the steps of a failover find, for a test to change. */
export class Emergency {
  fence = OFF;
  listening = DEAF;
  unfence: FenceReport = { selfFenced: false, rungs: [] };
  /** Checks that the standby does not pass. */
  unfit: string | undefined;
  write: Takeover["write"] = "counters";
  framesPerSecond = 1;
  /** The highest epoch on the nodes, where Temporal's database is older. */
  nodesKnow = 0;
  countersAt = new Date().toISOString();
}

/** The failover's own steps in a scripted home: what is fenced does not run any more. */
export function emergencyActivities(home: ScriptedHome, act: Act): EmergencyActivities {
  const { emergency } = home;
  return {
    cancelSync: () => act("cancelSync", undefined),
    preloadCoordinator: async ({ node, highestCounters }) => {
      await act("preloadCoordinator", node);
      return { preloaded: true, written: "all", counters: highestCounters };
    },
    checkFitness: async ({ from, to = "b", epoch, offline }): Promise<Fitness> => {
      await act("checkFitness", undefined);
      const what = offline.includes(to) ? `${to} was taken out by a person.` : emergency.unfit;
      const finding = { check: "broker", node: to, ok: what === undefined, what: what ?? "reaches the broker" };
      const known = {
        findings: [finding],
        from,
        highestEpoch: Math.max(epoch, emergency.nodesKnow),
        highestCounters: home.found,
      };
      if (what !== undefined) return known;
      const takeover: Takeover = {
        generation: {
          id: "20261121T031500Z-e0-a1b2c3",
          sha256: "00",
          bytes: 2048,
          coordinatorIeee: "0x00124b0000000001",
          counters: home.found,
        },
        write: emergency.write,
        admitted: { enrolled: false },
        countersAt: emergency.countersAt,
        framesPerSecond: emergency.framesPerSecond,
      };
      return { ...known, to, takeover, copyAgeMs: 60_000 };
    },
    fenceNode: async ({ node }) => {
      await act("fenceNode", node, () => {
        if (emergency.fence.proven !== undefined) home.running.delete(node);
      });
      return emergency.fence;
    },
    unfenceNode: async ({ node }) => {
      await act("unfenceNode", node);
      return emergency.unfence;
    },
    listenForActive: async ({ node }) => {
      await act("listenForActive", node);
      return emergency.listening;
    },
  };
}
