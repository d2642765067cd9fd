import type { Protection } from "../../config/protection.ts";
import type { Copy, HandoverSummary, Hold, ServiceState, Unfinished } from "../../workflows/contract.ts";
import { inForce } from "../../workflows/service-control.ts";
import type { RunningHandover } from "../handover/running.ts";
import { describeRunning } from "../handover/running.ts";
import type { Known } from "../temporal/service-state.ts";
import { ago, duration, localTime, plain } from "../words.ts";
import { protectedNow } from "./protected.ts";
import { standingOf } from "./standing.ts";

export type Role = "active" | "standby" | "unknown";

export interface NodeStatus {
  readonly node: string;
  readonly host?: string;
  readonly role: Role;
  /** In words. */
  readonly state: string;
  /** A person took it out. */
  readonly takenOut?: Hold;
  /** What it holds to take over from: when it was last found fresh, and whether its coordinator holds the network already. */
  readonly copy?: Pick<Copy, "at" | "preloaded" | "listenedAt">;
}

export interface ServiceStatus {
  readonly service: string;
  /** False where the `service` workflow could not be asked, or does not know who holds it. */
  readonly known: boolean;
  /** Why it is not known, and what to do. */
  readonly why?: string;
  readonly next?: string;
  readonly holder?: string;
  readonly epoch?: number;
  readonly nodes: readonly NodeStatus[];
  readonly running?: {
    readonly workflowId: string;
    readonly runId: string;
    readonly since: string;
    readonly what: string;
  };
  readonly unfinished?: Unfinished;
  readonly lastHandover?: HandoverSummary;
  /** What it does by itself, and what keeps it from that; as in the state of the `service` workflow. */
  readonly mode?: ServiceState["mode"];
  readonly paused?: Hold;
  readonly stopped?: Hold;
  readonly blocked?: ServiceState["blocked"];
  readonly trouble?: ServiceState["trouble"];
  readonly restarts?: ServiceState["restarts"];
  readonly wouldHave?: ServiceState["wouldHave"];
  /** ISO 8601. */
  readonly nextRotation?: string;
  /** What each node is protected from; undefined where there is no understudy.yaml. */
  readonly protection?: Protection;
  /** The same as sentences for people, without the service's name. */
  readonly standing: readonly string[];
}

export interface Facts {
  readonly name: string;
  readonly nodes: readonly { readonly name: string; readonly host: string }[];
  readonly known: Known;
  readonly running: RunningHandover | undefined;
  readonly nextRotation?: Date;
  readonly protection?: Protection;
}

/** Joins what understudy.yaml, the `service` workflow and a running handover say. */
export function serviceStatus(
  { name, nodes, known, running, nextRotation, protection }: Facts,
  now: Date,
): ServiceStatus {
  // A hold whose time has passed is over, whether or not the workflow has noticed.
  const state = known.state && inForce(known.state, now);
  const named = nodes.length > 0 ? nodes : namesIn(state).map((node) => ({ name: node, host: undefined }));
  const doubt = state ? doubtAbout(state) : undefined;
  return {
    service: name,
    known: state?.holder !== undefined && doubt === undefined,
    ...(known.state
      ? (doubt ?? (state?.holder ? {} : holderUnknown(known.state)))
      : { why: known.why, next: known.next }),
    holder: state?.holder,
    epoch: state?.epoch,
    nodes: named.map((node) => ({
      node: node.name,
      host: node.host,
      ...roleOf(node.name, state, running, doubt !== undefined),
      ...(state?.offline[node.name] ? { takenOut: state.offline[node.name] } : {}),
      ...copyOf(state?.copies[node.name], node.name === state?.holder),
    })),
    ...(running
      ? {
          running: {
            workflowId: running.workflowId,
            runId: running.runId,
            since: running.since.toISOString(),
            what: describeRunning(running, now),
          },
        }
      : {}),
    unfinished: state?.unfinished,
    lastHandover: state?.history.find(({ kind }) => HANDOVERS.includes(kind)),
    ...(state ? automationOf(state) : {}),
    ...(nextRotation ? { nextRotation: nextRotation.toISOString() } : {}),
    ...(protection ? { protection } : {}),
    standing: state ? [...standingOf(state, now), ...(protection ? [protectedNow(state, protection)] : [])] : [],
  };
}

function automationOf({ mode, paused, stopped, blocked, trouble, restarts, wouldHave }: ServiceState) {
  return { mode, paused, stopped, blocked, trouble, restarts, wouldHave };
}

/** The active node's own copy is of no use while it serves. */
function copyOf(copy: Copy | undefined, active: boolean): Pick<NodeStatus, "copy"> {
  return copy && !active ? { copy: { at: copy.at, preloaded: copy.preloaded, listenedAt: copy.listenedAt } } : {};
}

function holderUnknown({ blocked }: ServiceState): { why: string; next: string } {
  if (!blocked?.needsAdoption) return NEVER_HANDED_OVER;
  return {
    why: `it is not known which node is active: ${plain(blocked.because)}`,
    next: "it is asked again by itself; nothing automatic happens meanwhile.",
  };
}

/** What stands in the history beside them moved nothing from node to node. */
const HANDOVERS: readonly HandoverSummary["kind"][] = ["switchover", "failover", "recovery"];

const NEVER_HANDED_OVER = {
  why: "which node is active is known after the first handover",
  next: "run `understudy switchover --rehearse` to check everything without a change.",
};

/** An end that left open who serves makes the last known holder no more than a guess (I7). */
function doubtAbout(state: ServiceState): { why: string; next: string } | undefined {
  if (state.unfinished) {
    return {
      why: `a handover from ${state.unfinished.from} to ${state.unfinished.to} ended without a verdict`,
      next: "wait: the worker completes it or takes it back.",
    };
  }
  // What changed nothing of who serves settles nothing either.
  const last = state.history.find(
    ({ kind, outcome }) =>
      !["adopt", "reinit", "fence-test"].includes(kind) && outcome !== "refused" && outcome !== "rehearsed",
  );
  if (state.current || (last?.outcome !== "unknown" && last?.outcome !== "failed")) return undefined;
  return {
    why: `the last handover ended ${last.outcome === "unknown" ? "with an unknown outcome" : "in failure"}: ${plain(last.message)}`,
    next: "look at the nodes, then rehearse a switchover.",
  };
}

function roleOf(
  node: string,
  state: ServiceState | undefined,
  running: RunningHandover | undefined,
  inDoubt: boolean,
): { role: Role; state: string } {
  if (state?.holder === undefined) return { role: "unknown", state: moving(node, running) ?? "not known" };
  const role = node === state.holder ? "active" : "standby";
  if (inDoubt) return { role: "unknown", state: role === "active" ? "was active last" : "was standby last" };
  return { role, state: moving(node, running) ?? atRest(node, role, state) };
}

function atRest(node: string, role: Role, state: ServiceState): string {
  if (role === "active") return state.stopped ? "stopped" : state.trouble ? "in trouble" : "serves";
  return state.offline[node] ? "taken out" : "stands by";
}

function moving(node: string, running: RunningHandover | undefined): string | undefined {
  if (!running?.report) return undefined;
  if (node === running.report.from) return "hands over";
  if (node === running.report.to) return "takes over";
  return undefined;
}

function namesIn(state: ServiceState | undefined): readonly string[] {
  const names = [state?.holder, ...(state?.history ?? []).flatMap((entry) => [entry.from, entry.to])];
  return [...new Set(names.filter((name) => name !== undefined))];
}

export const STATUS_HEAD = ["Service", "Node", "Host", "Role", "State", "Coordinator", "Copy", "Last handover"];

/** Rows of the status table, under STATUS_HEAD. */
export function statusRows(status: ServiceStatus, now: Date): readonly (readonly string[])[] {
  const last = status.lastHandover
    ? `${status.lastHandover.outcome}, ${ago(new Date(status.lastHandover.endedAt), now)}`
    : "none yet";
  if (status.nodes.length === 0) return [[status.service, "?", "", "unknown", "not known", "", "", last]];
  return status.nodes.map((node, index) => [
    index === 0 ? status.service : "",
    node.node,
    node.host ?? "",
    node.role,
    node.state,
    coordinatorInWords(node),
    node.copy ? age(new Date(node.copy.at), now) : "",
    index === 0 ? last : "",
  ]);
}

/** Of a standby: whether taking over has to write it first, and whether it has heard the active one. */
function coordinatorInWords({ role, state, copy }: NodeStatus): string {
  if (role === "active") return state === "stopped" ? "silent" : "in use";
  if (!copy) return "";
  if (!copy.preloaded) return "to be written";
  return copy.listenedAt === undefined ? "ready" : "ready, in range";
}

/** `3 min old` */
function age(since: Date, now: Date): string {
  return ago(since, now).replace(/ ago$/, " old");
}

/** Sentences below the table. */
export function statusFooter(status: ServiceStatus, now: Date): readonly string[] {
  const { service, running, lastHandover: last, why, next, nextRotation } = status;
  return [
    ...(running ? [`${service}: handover under way: ${running.what} (understudy wait ${running.workflowId})`] : []),
    ...(why ? [`${service}: ${why}; ${next ?? ""}`] : []),
    ...status.standing.map((sentence) => `${service}: ${sentence}`),
    ...(nextRotation ? [`${service}: next rotation ${localTime(new Date(nextRotation))}`] : []),
    ...(last
      ? [
          `${service}: last handover ${ago(new Date(last.endedAt), now)}: ${plain(last.message)}${last.outageMs === undefined ? "" : ` Outage ${duration(last.outageMs)}.`}`,
        ]
      : []),
  ];
}
