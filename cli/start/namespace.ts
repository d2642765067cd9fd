import type { Client } from "@temporalio/client";
import { LOOK_SIGNAL, SEARCH_ATTRIBUTES, serviceStart } from "../../workflows/contract.ts";

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD` */
const KEYWORD = 2;
const THIRTY_DAYS_S = 30 * 86_400;

/** Keeps closed handovers readable for 30 days; the development server's own default is one day. */
export async function keepThirtyDays(client: Client): Promise<void> {
  const { namespace } = client.options;
  const described = await client.workflowService.describeNamespace({ namespace });
  if (Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= THIRTY_DAYS_S) return;
  // protobufjs wants a Long here and takes a number as well.
  const seconds = THIRTY_DAYS_S as unknown as Long;
  await client.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: { seconds } } });
}

type Long =
  NonNullable<Parameters<Client["workflowService"]["updateNamespace"]>[0]["config"]> extends {
    workflowExecutionRetentionTtl?: (infer D) | null;
  }
    ? D extends { seconds?: (infer S) | null }
      ? S
      : never
    : never;

/** Registers the search attributes that are missing. Rejects where Temporal does not let us (some clusters). */
export async function addSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in (known.customAttributes ?? {})));
  if (missing.length === 0) return;
  await client.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

/**
 * One `service` workflow for each service. One that runs already compares what it knows with what the nodes say: its
 * database may be an old copy.
 */
export async function ensureServices(client: Client, services: readonly string[], taskQueue: string): Promise<void> {
  for (const service of services) {
    await client.workflow.signalWithStart("service", {
      ...serviceStart(service, taskQueue),
      signal: LOOK_SIGNAL,
      signalArgs: [],
    });
  }
}
