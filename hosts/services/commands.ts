import type { ServiceManagerConfig } from "../../config/effective.ts";
import type { Host } from "../host.ts";
import { identifyProcess } from "../process-identity.ts";
import type { DriverStatus, ServiceDriver } from "./driver.ts";

type Commands = Extract<ServiceManagerConfig, { kind: "commands" }>;

/** The user's own commands are scripts too, so they arrive as an argument. What they start must not depend on our connection's streams. */
const RUN_QUIETLY = 'eval "$1" >/dev/null 2>&1 </dev/null';

/** A service that is managed by three commands of the user's. */
export function commandsDriver(host: Host, commands: Commands): ServiceDriver {
  const command = async (text: string, signal: AbortSignal | undefined, timeoutMs: number): Promise<number> =>
    (await host.run(RUN_QUIETLY, { args: [text], privileged: true, exclusive: true, signal, timeoutMs })).code;
  return {
    name: "the service of the configured commands",
    inspect: commands.status,
    status: (signal) => status(host, commands.status, signal),
    requestStart: (signal) => command(commands.start, signal, 120_000),
    requestStop: (signal, timeoutMs) => command(commands.stop, signal, timeoutMs),
    autostart: async () => [],
  };
}

/** Exit 0: running, 3 or 1: stopped, anything else: unknown. A number alone on a line is taken for the process id. */
async function status(host: Host, text: string, signal: AbortSignal | undefined): Promise<DriverStatus> {
  const result = await host.run('eval "$1" </dev/null', { args: [text], privileged: true, signal });
  const detail = `the status command exits with ${result.code}`;
  const printed = /^\s*(\d+)\s*$/m.exec(result.stdout.toString("latin1"))?.[1];
  const process = printed === undefined ? undefined : await identifyProcess(host, Number(printed), signal);
  const pid = process?.pid;
  if (result.code === 0) return { state: "running", pid, detail, atRest: false };
  if (result.code === 3 || result.code === 1) return { state: "stopped", pid, detail, atRest: true };
  return { state: "unknown", pid, detail, atRest: false };
}
