import type { HandoverSummary, ServiceState, Unfinished } from "../../workflows/contract.ts";
import type { RunningHandover } from "../handover/running.ts";
import { describeRunning } from "../handover/running.ts";
import type { Known } from "../temporal/service-state.ts";
import { ago, duration, plain } from "../words.ts";

export type Role = "active" | "standby" | "unknown";

export interface NodeStatus {
  readonly node: string;
  readonly host?: string;
  readonly role: Role;
  /** In words. */
  readonly state: string;
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
}

export interface Facts {
  readonly name: string;
  readonly nodes: readonly { readonly name: string; readonly host: string }[];
  readonly known: Known;
  readonly running: RunningHandover | undefined;
}

/** Joins what understudy.yaml, the `service` workflow and a running handover say. */
export function serviceStatus({ name, nodes, known, running }: Facts): ServiceStatus {
  const state = known.state;
  const named = nodes.length > 0 ? nodes : namesIn(state).map((node) => ({ name: node, host: undefined }));
  const doubt = state ? doubtAbout(state) : undefined;
  return {
    service: name,
    known: state?.holder !== undefined && doubt === undefined,
    ...(known.state ? (doubt ?? (state?.holder ? {} : NEVER_HANDED_OVER)) : { why: known.why, next: known.next }),
    holder: state?.holder,
    epoch: state?.epoch,
    nodes: named.map((node) => ({
      node: node.name,
      host: node.host,
      ...roleOf(node.name, state, running, doubt !== undefined),
    })),
    ...(running
      ? {
          running: {
            workflowId: running.workflowId,
            runId: running.runId,
            since: running.since.toISOString(),
            what: describeRunning(running, new Date()),
          },
        }
      : {}),
    unfinished: state?.unfinished,
    lastHandover: state?.history[0],
  };
}

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
  // Refusals and rehearsals changed nothing, so they settle nothing either.
  const last = state.history.find(({ outcome }) => outcome !== "refused" && outcome !== "rehearsed");
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
  return { role, state: moving(node, running) ?? (role === "active" ? "serves" : "stands by") };
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

/** Rows of the status table: service, node, host, role, state, last handover. */
export function statusRows(status: ServiceStatus, now: Date): readonly (readonly string[])[] {
  const last = status.lastHandover
    ? `${status.lastHandover.outcome}, ${ago(new Date(status.lastHandover.endedAt), now)}`
    : "none yet";
  if (status.nodes.length === 0) return [[status.service, "?", "", "unknown", "not known", last]];
  return status.nodes.map((node, index) => [
    index === 0 ? status.service : "",
    node.node,
    node.host ?? "",
    node.role,
    node.state,
    index === 0 ? last : "",
  ]);
}

/** Sentences below the table. */
export function statusFooter(status: ServiceStatus, now: Date): readonly string[] {
  const { service, running, lastHandover: last, why, next } = status;
  return [
    ...(running ? [`${service}: handover under way: ${running.what} (understudy wait ${running.workflowId})`] : []),
    ...(why ? [`${service}: ${why}; ${next ?? ""}`] : []),
    ...(last
      ? [
          `${service}: last handover ${ago(new Date(last.endedAt), now)}: ${plain(last.message)}${last.outageMs === undefined ? "" : ` Outage ${duration(last.outageMs)}.`}`,
        ]
      : []),
  ];
}
