import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { CONTROL_UPDATE, STATE_QUERY, serviceId, syncId } from "../../workflows/contract.ts";
import type { Control, ServiceState } from "../../workflows/contract.ts";

const AT_ONCE = 20;
/** Whoever is not decided about by then never is. */
const DECIDED_WITHIN_MS = 60_000;

/** Waits until each service knows who serves, and arms it. */
export async function armAll(client: Client, names: readonly string[], signal: AbortSignal): Promise<void> {
  const left = [...names];
  const arm = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const handle = client.workflow.getHandle(serviceId(name));
      // Many begin at once: an answer may not come in time.
      const holder = () =>
        handle.query<ServiceState>(STATE_QUERY).then(
          (state) => state.holder,
          () => undefined,
        );
      while ((await holder()) === undefined) await pause(500, undefined, { signal });
      await handle.executeUpdate<ServiceState, [Control]>(CONTROL_UPDATE, { args: [{ verb: "arm", by: "scale" }] });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, arm));
}

/** Events so far in the histories of these services, of their schedules, and of what their schedules ran since then. */
export async function eventsOf(client: Client, names: readonly string[], since: Date): Promise<number> {
  let events = 0;
  for (const name of names) {
    const { historyLength } = await client.workflow.getHandle(serviceId(name)).describe();
    const schedule = client.workflow.getHandle(`temporal-sys-scheduler:${syncId(name)}`);
    events += historyLength + (await schedule.describe()).historyLength;
    const query = `WorkflowId STARTS_WITH "${syncId(name)}" AND CloseTime >= "${since.toISOString()}"`;
    for await (const run of client.workflow.list({ query })) events += run.historyLength;
  }
  return events;
}

/** For each of these services that has one: how long after `lostAt` (ms since 1970) its failover was ordered, by Temporal's clock. */
export async function decisionsAfter(
  client: Client,
  names: readonly string[],
  lostAt: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const ordered = async () => (await client.workflow.count('WorkflowType = "failover"')).count;
  for (const until = lostAt + DECIDED_WITHIN_MS; Date.now() < until && (await ordered()) < names.length;)
    await pause(500, undefined, { signal });
  const found: number[] = [];
  for (const name of names) {
    const { events = [] } = await client.workflow.getHandle(serviceId(name)).fetchHistory();
    const times = (events ?? []).flatMap((event) =>
      event.startChildWorkflowExecutionInitiatedEventAttributes
        ? [Number(event.eventTime?.seconds ?? 0) * 1000 + Math.round((event.eventTime?.nanos ?? 0) / 1e6)]
        : [],
    );
    const first = times.find((at) => at >= lostAt);
    if (first !== undefined) found.push(first - lostAt);
  }
  return found;
}
