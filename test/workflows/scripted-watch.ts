import { ApplicationFailure } from "@temporalio/common";
import type { FailoverPolicy } from "../../config/automation.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { WatchmanActivities } from "../../workflows/activity-types.ts";
import { GONE, POLICY, SILENT, evidence } from "./decision/evidence.ts";
import type { Act, ScriptedHome } from "./scripted-activities.ts";

/** What a look at a scripted home finds, for a test to change. */
export class Watch {
  policy: FailoverPolicy = { ...POLICY, afterMs: 1_000 };
  /** Hosts without power. */
  readonly gone = new Set<string>();
  /** How their coordinators are reset stands in understudy.yaml. */
  canReset = false;
  /** A late will has left `offline` on the broker. */
  stateIsWrong = false;
  /** Nodes on which a start does not help. */
  readonly broken = new Set<string>();
  /** Nodes whose coordinator's firmware hangs; what is broken is not helped by a reset either. */
  readonly hung = new Set<string>();
}

/** One look at a scripted home, and the restart in place. */
export function watchActivities(home: ScriptedHome, act: Act): WatchmanActivities {
  const { watch } = home;
  const look = (active: string): Evidence => {
    const standby = { node: active === "a" ? "b" : "a" };
    if (watch.gone.has(active)) return { ...evidence({ ...GONE, standby: { ...GONE.standby, ...standby } }), active };
    if (home.running.has(active) && watch.hung.has(active)) {
      const mqtt = { deviceAnswers: "no", coordinatorAnswers: "no" } as const;
      return { ...evidence({ mqtt, node: { canReset: watch.canReset }, standby }), active };
    }
    if (home.running.has(active)) {
      const bridgeState = watch.stateIsWrong ? "offline" : "online";
      return { ...evidence({ mqtt: { bridgeState }, standby }), active };
    }
    // A service that its manager was told to stop, by whomever.
    const ended = watch.hung.has(active)
      ? ({ process: "stopped", stoppedOnPurpose: "yes" } as const)
      : ({ process: "failed" } as const);
    return { ...evidence({ mqtt: SILENT, node: ended, standby }), active };
  };
  return {
    examine: async ({ active }) => {
      await act("examine", active);
      return { evidence: look(active), policy: watch.policy, standbys: ["a", "b"].filter((node) => node !== active) };
    },
    putStateRight: async () => {
      await act("putStateRight", undefined, () => (watch.stateIsWrong = false));
      return { published: true };
    },
    restartInPlace: async ({ node, reset }) => {
      await act("restartInPlace", reset ? `${node} with a reset` : node, () => {
        if (reset && watch.broken.has(node)) {
          home.running.delete(node);
          throw ApplicationFailure.nonRetryable("It still does not answer.", "COORDINATOR_NOT_RESET");
        }
        if (reset) watch.hung.delete(node);
        if (!watch.broken.has(node)) home.start(node);
      });
      return { issuedAt: new Date().toISOString() };
    },
  };
}
