import type { Client } from "@temporalio/client";
import { isThisMachine, normalHost, ownAddresses } from "../../config/machine-address.ts";
import { protectionOf, provenByNode } from "../../config/protection.ts";
import type { ProtectionFacts } from "../../config/protection.ts";
import type { UserConfig } from "../../config/user-config.ts";
import type { ServiceState } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { findRunning } from "../handover/running.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { nextRotation } from "../status/next-rotation.ts";
import { STATUS_HEAD, serviceStatus, statusFooter, statusRows } from "../status/service-status.ts";
import type { ServiceStatus } from "../status/service-status.ts";
import { table } from "../table.ts";
import { withClient } from "../temporal/connect.ts";
import { hasWorker } from "../temporal/pollers.ts";
import { askService } from "../temporal/service-state.ts";
import type { TemporalTarget } from "../temporal/target.ts";

const TIMEOUT_MS = 5_000;

/** Who runs what, as Temporal knows it; the nodes are not asked. Unknown (5) where the state of a service is not known. */
export async function status(context: Context, serviceName: string | undefined): Promise<ExitCode> {
  const home = await loadHome(context);
  const names = chosen(home, serviceName);
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const worker = await hasWorker(client, target.taskQueue);
    const services = await Promise.all(names.map((name) => look(client, name, home, target)));
    const exitCode = services.every((service) => service.known) ? EXIT.done : EXIT.unknown;
    context.output.result(
      { services, worker, temporal: { address: target.address, namespace: target.namespace }, exitCode },
      () => {
        const rows = services.flatMap((service) => statusRows(service, new Date()));
        const notes = services.flatMap((service) => statusFooter(service, new Date()));
        const warning = worker ? [] : ["No worker is running: nothing is handed over until `understudy start` runs."];
        return [table(STATUS_HEAD, rows), ...notes, ...warning].join("\n");
      },
    );
    return exitCode;
  });
}

function chosen(home: UserConfig | undefined, serviceName: string | undefined): readonly string[] {
  if (serviceName === undefined && home) return home.services.map((service) => service.name);
  return [chooseService(home, serviceName).name];
}

async function look(
  client: Client,
  name: string,
  home: UserConfig | undefined,
  target: TemporalTarget,
): Promise<ServiceStatus> {
  const [known, running, rotation] = await Promise.all([
    askService(client, name, { taskQueue: target.taskQueue, timeoutMs: TIMEOUT_MS }),
    findRunning(client, name),
    nextRotation(client, name),
  ]);
  const config = home?.services.find((service) => service.name === name);
  const nodes = config?.nodes.map((node) => ({ name: node.name, host: node.ssh.host })) ?? [];
  const protection = config && known.state ? protectionOf(config, protectionFacts(known.state, target)) : undefined;
  return serviceStatus(
    { name, nodes, known, running, nextRotation: rotation, ...(protection ? { protection } : {}) },
    new Date(),
  );
}

/** Understudy is taken to run where Temporal's server does; the nodes are not asked. */
function protectionFacts({ fenceTests }: ServiceState, { address }: TemporalTarget): ProtectionFacts {
  const host = address.replace(/:\d+$/, "");
  const own = ownAddresses();
  return { controller: isThisMachine(host, own) ? own : new Set([normalHost(host)]), proven: provenByNode(fenceTests) };
}
