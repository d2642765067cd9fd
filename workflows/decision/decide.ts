import type { FailoverPolicy } from "../../config/automation.ts";
import type { Decision, Evidence } from "../../model/evidence.ts";
import { diagnose, isNotServing } from "./diagnose.ts";
import type { Before, Diagnosis, NotServing } from "./diagnose.ts";

/** What went before this look. Times in ms since 1970 by the workflow's clock, which alone measures durations. */
export interface Past {
  readonly now: number;
  readonly troubleSince: number;
  /** The looks without a gap that found the active node not serving, this one included. */
  readonly lost?: { readonly since: number; readonly looks: number };
  /** Zigbee2MQTT said, in this trouble, that it stops because it was told to. */
  readonly stopSaid: boolean;
  /** We stopped it for a restart that failed, and it has not run since. */
  readonly restartFailed?: Before["restartFailed"];
  /** Restarts in place. */
  readonly restarts: readonly number[];
  readonly lastHandoverAt?: number;
  /** Why the latest failover was refused before any change, and when. */
  readonly refused?: { readonly at: number; readonly because: string };
  /** A person said that nothing automatic is to happen, or that the service is meant to be down: a sentence. */
  readonly held?: string;
  /** No automatic handover: a sentence. `all`: no restart either. */
  readonly blocked?: { readonly because: string; readonly all: boolean };
  /** Nodes that a person took out. */
  readonly offline: readonly string[];
}

/** A start takes this long until Zigbee2MQTT answers, on a slow machine. */
const START_MS = 90_000;
/** How long Zigbee2MQTT may run without answering before it is taken for hung: a person may just have started it. */
const HANGS_MS = 30_000;
/** How long a mesh must be silent before it is worth an outage to open the radio anew. */
const MESH_SILENT_MS = 120_000;
/** A machine that answers a ping may come to itself. */
const FROZEN_MS = 30_000;
/** A failover that was refused before any change is not asked for again for this long. */
const REFUSED_MS = 300_000;
/** A node that cannot be told from a lost one is a person's concern after this time. */
const TELL_PERSON_MS = 60_000;
/** Between starts of a node that keeps rebooting and that nobody can take over from. */
const LAST_RESORT_MS = 600_000;
const SOON_MS = 3_000;
const AGAIN_MS = { least: 5_000, most: 600_000 };

/**
 * What is to be done after one look (I8: no evidence, no action). Pure. Acting needs the node's own word that the service
 * does not run, or MQTT, the controller and a standby in agreement that the node is lost; whatever is unknown counts for
 * nothing, and what a person ordered stands above all.
 */
export function decide(evidence: Evidence, policy: FailoverPolicy, past: Past): Decision {
  const diagnosis = diagnose(evidence, past);
  const { condition, facts } = diagnosis;
  if (condition === "serves") {
    if (evidence.mqtt.bridgeState !== "offline") return { action: "nothing", because: sentence(facts) };
    const decision = wait(past, "warn", `${facts}, although its retained state on MQTT says offline`);
    return past.held ? decision : { ...decision, putStateRight: true };
  }
  if (past.held) return wait(past, "warn", `${facts}; nothing is done: ${past.held}`);
  if (past.blocked?.all) return wait(past, "askPerson", `${facts}; nothing is done: ${past.blocked.because}`);
  if (isNotServing(condition)) return mend(condition, evidence, policy, past, diagnosis);
  switch (condition) {
    case "another-serves":
      return wait(past, "askPerson", `${facts}: tell Understudy who serves (understudy adopt)`);
    case "stopped-on-purpose":
      return wait(past, "warn", `${facts}, which is no failure: start it there, or with Understudy`);
    case "broker-lost":
      return wait(past, "warn", `${facts}: no handover would mend that`);
    case "out-of-our-reach":
    case "unconfirmed":
    case "coordinator-away":
      return wait(past, past.now - past.troubleSince < TELL_PERSON_MS ? "warn" : "askPerson", facts);
  }
}

/** The active node is seen not to serve: restart where that can help, else take over. */
function mend(
  condition: NotServing,
  evidence: Evidence,
  policy: FailoverPolicy,
  past: Past,
  { facts }: Diagnosis,
): Decision {
  const starting = Math.max(past.restarts[0] ?? 0, past.lastHandoverAt ?? 0) + START_MS - past.now;
  if (condition === "hangs" && starting > 0)
    return { action: "warn", because: sentence(`${facts}: it was started just now`), lookAgainMs: SOON_MS };
  const patience = patienceMs(condition, policy) - lostForMs(past);
  const recent = past.restarts.filter((at) => past.now - at < policy.quietTimeMs).length;
  // A reboot explains the end by itself, and is no sign that a start would not help.
  const allowed = policy.restarts + (evidence.node.sameBoot === "no" ? 1 : 0);
  const mayRestart = canRestart(condition) && recent < Math.min(allowed, mostRestarts(condition));
  // Firmware that hangs waits for a reset, not for another Zigbee2MQTT.
  const hangsForGood = condition === "radio-dead" && evidence.node.canReset !== true;
  if (mayRestart && !hangsForGood) {
    // Its own manager, or its own coordinator and its devices, have said it: no second look is needed.
    const isCertain = condition === "ended" || (condition === "radio-dead" && evidence.mqtt.deviceAnswers === "no");
    const needed = isCertain ? 0 : patience;
    if (needed > 0) return soon("warn", `${facts}: restarted unless it answers soon`, needed);
    if (condition === "radio-dead")
      return { action: "restart", reset: true, because: sentence(`${facts}: reset and restarted where it is`) };
    return { action: "restart", because: sentence(`${facts}: restarted where it is`) };
  }
  if (condition === "mesh-silent")
    return wait(past, "askPerson", `${facts}, while its coordinator answers: are they without power?`);
  const decision = takeOver(evidence, policy, past, facts, patience);
  // Some sticks are reset by being opened: worth one try before a person has to come.
  if (decision.action === "askPerson" && mayRestart && patience <= 0)
    return { action: "restart", because: sentence(`${facts}: restarted, since nobody can take over`) };
  const isDue = past.now - (past.restarts[0] ?? 0) >= LAST_RESORT_MS;
  // Where nobody can take over, a home that stays dark after a reboot is no better than one more start.
  if (decision.action === "askPerson" && condition === "ended" && evidence.node.sameBoot === "no" && isDue)
    return { action: "restart", because: sentence(`${facts}: started again, since nobody can take over`) };
  return decision;
}

function takeOver(evidence: Evidence, policy: FailoverPolicy, past: Past, facts: string, patience: number): Decision {
  if (past.blocked) return wait(past, "askPerson", `${facts}; not taken over: ${past.blocked.because}`);
  if (evidence.mqtt.brokerReachable !== "yes" || evidence.mqtt.processAnswers === "unknown")
    return wait(past, "askPerson", `${facts}; not taken over, because MQTT cannot confirm it`);
  const fit = evidence.standbys.find(
    ({ node, reachable, brokerReachable }) =>
      reachable === "yes" && brokerReachable !== "no" && !past.offline.includes(node),
  );
  if (!fit) return wait(past, "askPerson", `${facts}; not taken over: no standby is there that reaches the broker`);
  if (past.refused && past.now - past.refused.at < REFUSED_MS)
    return wait(past, "askPerson", `${facts}; the take-over was refused before any change: ${past.refused.because}`);
  // Twice seen, so that a clock that jumps cannot stand for the time that has to pass.
  if (patience > 0 || (past.lost?.looks ?? 0) < 2)
    return soon("warn", `${facts}: taken over unless it comes back soon`, Math.max(patience, SOON_MS / 3));
  return { action: "takeOver", because: sentence(`${facts}: a standby takes over`) };
}

function canRestart(condition: NotServing): condition is "ended" | "hangs" | "radio-dead" | "mesh-silent" {
  return ["ended", "hangs", "radio-dead", "mesh-silent"].includes(condition);
}

/** A radio that is silent is helped by a reset, or by opening it anew, once or not at all. */
function mostRestarts(condition: NotServing): number {
  return condition === "radio-dead" || condition === "mesh-silent" ? 1 : Infinity;
}

/** How long the active node must have been seen so before it is taken over, or restarted where it still runs. */
function patienceMs(condition: NotServing, policy: FailoverPolicy): number {
  if (condition === "hangs") return Math.max(policy.afterMs, HANGS_MS);
  if (condition === "mesh-silent") return Math.max(policy.afterMs, MESH_SILENT_MS);
  if (condition === "host-frozen") return Math.max(policy.afterMs, FROZEN_MS);
  return policy.afterMs;
}

function lostForMs({ lost, now }: Past): number {
  return lost ? now - lost.since : 0;
}

/** Looked at again ever less often, because each look is kept in history. */
function wait(past: Past, action: "warn" | "askPerson", facts: string): Decision {
  const age = past.now - past.troubleSince;
  return {
    action,
    because: sentence(facts),
    lookAgainMs: Math.min(Math.max(age / 2, AGAIN_MS.least), AGAIN_MS.most),
  };
}

function soon(action: "warn", facts: string, inMs: number): Decision {
  return { action, because: sentence(facts), lookAgainMs: Math.min(inMs, SOON_MS) };
}

function sentence(facts: string): string {
  return `${facts.charAt(0).toUpperCase()}${facts.slice(1)}${/[.?!]$/.test(facts) ? "" : "."}`;
}
