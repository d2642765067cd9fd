import { DEFAULTS } from "./defaults.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import type { FailoverInput, RotationInput, SyncInput, WEEKDAYS } from "./schema/automation.ts";

/** What happens without a person: all of it stands in understudy.yaml, nothing needs to be found on a node. */
export interface Automation {
  readonly failover: FailoverPolicy;
  readonly sync: SyncPolicy;
  /** Undefined: no regular switchover. */
  readonly rotation?: RotationPolicy;
}

/** Times in ms. */
export interface FailoverPolicy {
  readonly afterMs: number;
  readonly restarts: number;
  readonly quietTimeMs: number;
  readonly oldestCopyMs: number;
  readonly offlineBoot: "wait" | "last-holder";
  /** Undefined: nodes do not fence themselves. */
  readonly selfFenceMs?: number;
}

export interface SyncPolicy {
  readonly everyMs: number;
  /** How long nothing must have changed before a sync follows a change. Undefined: no sync does. */
  readonly afterChangeMs?: number;
  readonly preload: boolean;
}

export interface RotationPolicy {
  readonly days: readonly (typeof WEEKDAYS)[number][];
  /** `HH:MM` */
  readonly at: string;
  readonly timeZone: string;
}

/** Fills in the defaults. The input has passed the schema. */
export function resolveAutomation(input: {
  failover?: FailoverInput | undefined;
  sync?: SyncInput | undefined;
  rotation?: RotationInput | undefined;
}): Automation {
  const { failover: f = {}, sync: s = {}, rotation: r = {} } = input;
  const defaults = DEFAULTS.automation;
  const selfFence = f.selfFence ?? defaults.failover.selfFence;
  const afterChange = s.afterChange ?? defaults.sync.afterChange;
  return {
    failover: {
      afterMs: milliseconds(f.after ?? defaults.failover.after),
      restarts: f.restarts ?? defaults.failover.restarts,
      quietTimeMs: milliseconds(f.quietTime ?? defaults.failover.quietTime),
      oldestCopyMs: milliseconds(f.oldestCopy ?? defaults.failover.oldestCopy),
      offlineBoot: f.offlineBoot ?? defaults.failover.offlineBoot,
      ...(selfFence === false ? {} : { selfFenceMs: milliseconds(selfFence) }),
    },
    sync: {
      everyMs: milliseconds(s.every ?? defaults.sync.every),
      ...(afterChange === false ? {} : { afterChangeMs: milliseconds(afterChange) }),
      preload: s.preload ?? defaults.sync.preload,
    },
    ...(r === false
      ? {}
      : {
          rotation: {
            days: r.days ?? defaults.rotation.days,
            at: r.at ?? defaults.rotation.at,
            timeZone: r.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
          },
        }),
  };
}

/** As the user would write it, complete. */
export function automationShape({ failover, sync, rotation }: Automation): Record<string, unknown> {
  return {
    failover: {
      after: formatDuration(failover.afterMs),
      restarts: failover.restarts,
      quietTime: formatDuration(failover.quietTimeMs),
      oldestCopy: formatDuration(failover.oldestCopyMs),
      offlineBoot: failover.offlineBoot,
      selfFence: failover.selfFenceMs === undefined ? false : formatDuration(failover.selfFenceMs),
    },
    sync: {
      every: formatDuration(sync.everyMs),
      afterChange: sync.afterChangeMs === undefined ? false : formatDuration(sync.afterChangeMs),
      preload: sync.preload,
    },
    rotation: rotation ? { ...rotation } : false,
  };
}

/** The schema has let only durations through. */
function milliseconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new TypeError("A duration passed the schema that is none.");
  return ms;
}
