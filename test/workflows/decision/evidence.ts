import type { FailoverPolicy } from "../../../config/automation.ts";
import type { Evidence } from "../../../model/evidence.ts";
import type { Past } from "../../../workflows/decision/decide.ts";

/** A home of three machines in which `a` serves, `b` stands by, and all is well. */
const WELL: Evidence = {
  at: "2026-11-21T02:14:00.000Z",
  active: "a",
  mqtt: {
    brokerReachable: "yes",
    bridgeState: "online",
    processAnswers: "yes",
    deviceAnswers: "yes",
    coordinatorAnswers: "unknown",
    isActive: "yes",
  },
  node: {
    reachable: "yes",
    answersPing: "yes",
    process: "running",
    stoppedOnPurpose: "no",
    donglePresent: "yes",
    sameBoot: "yes",
    brokerReachable: "yes",
  },
  standbys: [{ node: "b", reachable: "yes", brokerReachable: "yes", reachesActive: "yes" }],
};

type Standby = Evidence["standbys"][number];

/** The same home but for what is said. */
export function evidence(
  but: { mqtt?: Partial<Evidence["mqtt"]>; node?: Partial<Evidence["node"]>; standby?: Partial<Standby> } = {},
): Evidence {
  const [b] = WELL.standbys;
  if (!b) throw new Error("a home without a standby");
  return {
    ...WELL,
    mqtt: { ...WELL.mqtt, ...but.mqtt },
    node: { ...WELL.node, ...but.node },
    standbys: [{ ...b, ...but.standby }],
  };
}

/** Zigbee2MQTT does not answer on MQTT. */
export const SILENT = { processAnswers: "no", deviceAnswers: "unknown", bridgeState: "offline" } as const;
/** SSH tells nothing. */
export const UNREACHED = {
  reachable: "no",
  process: "unknown",
  stoppedOnPurpose: "unknown",
  donglePresent: "unknown",
  sameBoot: "unknown",
  brokerReachable: "unknown",
} as const;
/** The host has no power. */
export const GONE = {
  mqtt: SILENT,
  node: { ...UNREACHED, answersPing: "no" },
  standby: { reachesActive: "no" },
} as const;

export const POLICY: FailoverPolicy = {
  afterMs: 10_000,
  restarts: 1,
  quietTimeMs: 3_600_000,
  oldestCopyMs: 86_400_000,
  offlineBoot: "wait",
};

export const NOW = Date.parse("2026-11-21T02:14:00.000Z");

/** The first look at new trouble. */
export function past(but: Partial<Past> = {}): Past {
  return {
    now: NOW,
    troubleSince: NOW,
    lost: { since: NOW, looks: 1 },
    stopSaid: false,
    restarts: [],
    offline: [],
    ...but,
  };
}

/** The same was found for so many seconds, at several looks. */
export function lastingFor(seconds: number, but: Partial<Past> = {}): Past {
  const since = NOW - seconds * 1000;
  return past({ troubleSince: since, lost: { since, looks: 5 }, ...but });
}
