import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type {
  CheckInput,
  CheckReport,
  ConfirmFenced,
  FailoverInput,
  HandoverReport,
} from "../../workflows/contract.ts";
import { FenceConfirmation } from "../../workflows/confirmation.ts";
import { TRY_AGAIN_SIGNAL } from "../../workflows/contract.ts";

/** Plays a failover's part towards callers: with the reason `person` it waits for one, with `vetoed` it would not listen to one, and is through when it is to try again. */
export async function failover(input: FailoverInput): Promise<HandoverReport> {
  const { workflowId, runId } = workflowInfo();
  let report: HandoverReport = {
    service: input.service,
    workflowId,
    runId,
    kind: "failover",
    reason: input.reason,
    from: "node1",
    to: input.to ?? "node2",
    epoch: 5,
    startedAt: new Date().toISOString(),
    message: "Under way",
    steps: [],
    findings: [],
  };
  const confirmation = new FenceConfirmation();
  setHandler(defineSignal(TRY_AGAIN_SIGNAL), () => confirmation.askAgain());
  setHandler(defineQuery<HandoverReport>("progress"), () => report);
  setHandler(defineUpdate<HandoverReport, [ConfirmFenced]>("confirmFenced"), accept, {
    validator: (confirmed) => {
      const refusal = confirmation.refusal(confirmed, { runId });
      if (refusal) throw ApplicationFailure.nonRetryable(refusal, "CONFIRMATION_REFUSED");
    },
  });
  function accept(confirmed: ConfirmFenced): HandoverReport {
    confirmation.accept(confirmed);
    return report;
  }
  if (input.reason === "person" || input.reason === "vetoed") {
    const waits = { node: "node1", because: "it does not answer", vetoed: input.reason === "vetoed" };
    confirmation.wait(waits);
    report = { ...report, waitsForPerson: waits, message: "A person has to make sure that node1 is off." };
    await condition(() => confirmation.by !== undefined || confirmation.asked > 0);
  }
  const message = confirmation.by ? "zigbee runs on node2, as a person confirmed." : "zigbee runs on node2.";
  report = { ...report, waitsForPerson: undefined, outcome: "done", message };
  return report;
}

export async function check({ service }: CheckInput): Promise<CheckReport> {
  return { service, serves: "yes", because: "devices answer through node1" };
}
