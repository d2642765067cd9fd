import type { Client } from "@temporalio/client";
import { PROGRESS_QUERY, handoverId } from "../../workflows/contract.ts";
import type { HandoverReport } from "../../workflows/contract.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { isNotFound } from "../temporal/errors.ts";
import { ago, plain } from "../words.ts";

/** A handover that is under way. */
export interface RunningHandover {
  readonly workflowId: string;
  readonly runId: string;
  readonly since: Date;
  /** The report so far; undefined where no worker answered. */
  readonly report?: HandoverReport;
}

const QUERY_TIMEOUT_MS = 1_500;

/** The handover of a service that is under way, if there is one. */
export async function findRunning(client: Client, service: string): Promise<RunningHandover | undefined> {
  const handle = client.workflow.getHandle(handoverId(service));
  try {
    const { workflowId, runId, startTime, status } = await handle.describe();
    if (status.name !== "RUNNING") return undefined;
    const run = client.workflow.getHandle(workflowId, runId);
    const report = await client
      .withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => run.query<HandoverReport>(PROGRESS_QUERY))
      .catch(() => undefined);
    return { workflowId, runId, since: startTime, report };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** `node1 → node2, step 3: Read the coordinator (node1), for 12 s` */
export function describeRunning({ report, since }: RunningHandover, now: Date): string {
  const step = report?.steps.findLast((candidate) => candidate.state === "running") ?? report?.steps.at(-1);
  const way = report?.from && report.to ? `${report.from} → ${report.to}, ` : "";
  const where = step ? `step ${report?.steps.length}: ${plain(step.title)}${step.node ? ` (${step.node})` : ""}, ` : "";
  return `${way}${where}started ${ago(since, now)}`;
}

/** Why a second handover is not started; exit code 6. */
export function otherHandover(service: string, running: RunningHandover): CliFailure {
  const { workflowId, runId, since, report } = running;
  const step = report?.steps.at(-1);
  return new CliFailure({
    id: "HANDOVER_IN_PROGRESS",
    exitCode: EXIT.otherHandover,
    what: `A handover of ${service} is already running: ${workflowId}, run ${runId}: ${describeRunning(running, new Date())}.`,
    next: `follow it with \`understudy wait ${workflowId}\`, and start again if it is still wanted.`,
    extra: {
      running: {
        workflowId,
        runId,
        since: since.toISOString(),
        from: report?.from,
        to: report?.to,
        step: step?.name,
        node: step?.node,
      },
    },
  });
}
