import { randomUUID } from "node:crypto";
import type { OrderedBy, OrderKind } from "./plan.ts";
import type { Site } from "./site.ts";

/** How an order ended for whoever gave it. */
export interface OrderEnd {
  readonly outcome: string;
  readonly message: string;
}

export interface Order {
  readonly kind: Exclude<OrderKind, "nothing">;
  readonly by: OrderedBy;
  readonly to: string;
  readonly reason: string;
}

/** Orders a handover and waits for its end, as a person or a program would. Never rejects. */
export async function orderHandover(site: Site, order: Order): Promise<OrderEnd> {
  return order.by === "Temporal" ? await byTemporal(site, order) : await byCli(site, order);
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  done: 0,
  rehearsed: 0,
  refused: 2,
  returned: 3,
  failed: 4,
  unknown: 5,
};

async function byCli(site: Site, { kind, to, reason }: Order): Promise<OrderEnd> {
  const verb = kind === "rehearsal" ? ["switchover", "--rehearse"] : [kind];
  const { code, stdout } = await site.lab.understudy.run([
    ...verb,
    "--yes",
    "-o",
    "json",
    "--to",
    to,
    "--reason",
    reason,
  ]);
  try {
    const said = JSON.parse(stdout) as { outcome?: string; message?: string; error?: { id: string; what: string } };
    if (said.error && !said.outcome) return { outcome: `exit ${code} ${said.error.id}`, message: said.error.what };
    const expected = EXIT_CODES[said.outcome ?? ""];
    const outcome = expected === code ? (said.outcome ?? "") : `${said.outcome} with exit code ${code}`;
    return { outcome, message: said.message ?? "" };
  } catch {
    return { outcome: `exit ${code} without a report`, message: stdout.slice(0, 300) };
  }
}

async function byTemporal(site: Site, { kind, to, reason }: Order): Promise<OrderEnd> {
  try {
    const handle = await site.temporal.workflow.start(kind, {
      taskQueue: "understudy",
      workflowId: `by-hand-${randomUUID()}`,
      args: [{ service: site.service, to, reason, ...(kind === "failover" ? { by: "person" } : {}) }],
    });
    const report = (await handle.result()) as { outcome: string; message: string };
    return { outcome: report.outcome, message: report.message };
  } catch (error) {
    return failureOf(error);
  }
}

/** The verdict is in the innermost failure's type. */
function failureOf(error: unknown): OrderEnd {
  let type: string | undefined;
  let message = "";
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    message = cause.message;
    type = (cause as { type?: string | null }).type ?? type;
  }
  return { outcome: type?.replace(/^HANDOVER_/, "").toLowerCase() ?? (error as Error).constructor.name, message };
}
