import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import type {
  Control,
  HandoverOutcome,
  HandoverReport,
  OperateInput,
  ServiceState,
  StepReport,
  SwitchoverInput,
  SyncInput,
  SyncReport,
} from "../../workflows/contract.ts";
import { ServiceBook } from "../../workflows/service-state.ts";

export { check, failover } from "./stub-failover.ts";

/**
 * Workflows under the real names that only play their part towards callers: the input's reason says how one shall end, as
 * `outcome=returned`, and `steps=20` makes it last longer. So the command line is tested without a home.
 */

const STEP_MS = 300;

export async function switchover(input: SwitchoverInput): Promise<HandoverReport> {
  const { workflowId, runId } = workflowInfo();
  const wish = parse(input.reason ?? "");
  const steps: StepReport[] = [];
  const head = {
    service: input.service,
    workflowId,
    runId,
    kind: "switchover" as const,
    reason: input.reason,
    from: "node1",
    to: input.to ?? "node2",
    epoch: 4,
    startedAt: now(),
  };
  let report: HandoverReport = { ...head, message: "Under way", steps, findings: [] };
  setHandler(defineQuery<HandoverReport>("progress"), () => report);

  for (let index = 0; index < wish.steps; index++) {
    const step = {
      name: index === 0 ? "stopNode" : `step${index}`,
      title: index === 0 ? "Stop the service" : `Do part ${index}`,
      node: "node1",
      startedAt: now(),
    };
    steps.push({ ...step, state: "running" });
    await sleep(STEP_MS);
    steps[index] = {
      ...step,
      state: wish.outcome === "returned" && index === wish.steps - 1 ? "failed" : "done",
      durationMs: STEP_MS,
      detail: "as expected",
    };
  }
  if (wish.outcome === "nothing") return { nonsense: true } as unknown as HandoverReport;
  if (wish.outcome === "busy")
    throw ApplicationFailure.nonRetryable(
      "A handover of zigbee is already running: workflow handover:zigbee.",
      "HANDOVER_IN_PROGRESS",
    );
  if (wish.outcome === "blank" && !input.enrolBlankStick) {
    const findings = [
      {
        check: "stick",
        node: "node2",
        ok: false,
        what: "The stick is blank.",
        next: "Start the switchover with --enrol-blank-stick.",
      },
    ];
    report = { ...report, outcome: "refused", message: "Refused before any change: the stick is blank.", findings };
    throw ApplicationFailure.nonRetryable(report.message, "HANDOVER_REFUSED", report);
  }
  if (wish.outcome === "blank") wish.outcome = "done";
  const outcome = input.rehearse ? "rehearsed" : (wish.outcome as HandoverOutcome);
  report = {
    ...report,
    outcome,
    message: MESSAGE[outcome],
    endedAt: now(),
    ...(outcome === "done" ? { outageMs: 1234 } : {}),
  };
  if (outcome === "done" || outcome === "rehearsed") return report;
  if (outcome === "refused") {
    report = {
      ...report,
      findings: [
        {
          check: "standby-stopped",
          node: "node2",
          ok: false,
          what: "Zigbee2MQTT runs on the standby.",
          next: "stop it there.",
        },
      ],
    };
  }
  throw ApplicationFailure.nonRetryable(report.message, `HANDOVER_${outcome.toUpperCase()}`, report);
}

const MESSAGE: Record<HandoverOutcome, string> = {
  done: "zigbee runs on node2.",
  rehearsed: "Rehearsed; nothing was changed.",
  refused: "Refused before any change: node2: Zigbee2MQTT runs on the standby.",
  returned: "restoreNvram failed, node1 serves again.",
  failed: "node1 could not be brought back.",
  unknown: "It is not known which node serves.",
};

export async function operate({ operation, ...input }: OperateInput): Promise<HandoverReport> {
  const report = await switchover({ ...input, to: input.node ?? "node1" });
  return { ...report, kind: operation };
}

export async function sync({ service: name }: SyncInput): Promise<SyncReport> {
  const what = "Its coordinator was written.";
  const standbys = [{ node: "node2", ok: true, preloaded: true, written: "all" as const, what }];
  return { service: name, outcome: "updated", message: "A new copy of node1 was made.", standbys };
}

export async function service(input: { service: string }): Promise<void> {
  const state: ServiceState = {
    service: input.service,
    holder: "node1",
    epoch: 3,
    highestCounters: { network: 1000, linkKeys: 1000 },
    mode: "observe",
    offline: {},
    copies: {},
    restarts: [],
    wouldHave: [],
    history: [
      {
        runId: "r",
        kind: "switchover",
        outcome: "done",
        from: "node2",
        to: "node1",
        epoch: 3,
        reason: "a try",
        message: "zigbee runs on node1.",
        startedAt: now(),
        endedAt: now(),
        outageMs: 12_345,
      },
    ],
  };
  // Orders follow the real rules, so that the command line meets real answers.
  const book = new ServiceBook(state);
  setHandler(defineQuery<ServiceState>("state"), () => book.state);
  setHandler(defineUpdate<ServiceState, [Control]>("control"), (control) => book.control(control, new Date()), {
    validator: (control) => {
      const refusal = book.mayControl(control, new Date());
      if (refusal) throw ApplicationFailure.nonRetryable(refusal, "CONTROL_REFUSED");
    },
  });
  await condition(() => false);
}

function parse(reason: string): { outcome: string; steps: number } {
  return { outcome: /outcome=(\w+)/.exec(reason)?.[1] ?? "done", steps: Number(/steps=(\d+)/.exec(reason)?.[1] ?? 2) };
}

function now(): string {
  return new Date().toISOString();
}
