import { setTimeout as sleep } from "node:timers/promises";
import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../host.ts";
import { identifyProcess, isGone, type ProcessIdentity } from "../process-identity.ts";
import type { DriverStatus, ServiceDriver } from "./driver.ts";

const POLL_MS = 250;
const START_TIMEOUT_MS = 30_000;
/** A service that failed may be in between: systemd and supervisors try again within seconds. */
const FAILED_FOR_MS = 2_000;
const STOP_TIMEOUT_MS = 60_000;

/** Starts the service and waits for the fact. The exit status of the start command decides nothing by itself. */
export async function startService(host: Host, driver: ServiceDriver, signal?: AbortSignal): Promise<void> {
  if ((await driver.status(signal)).state === "running") return;
  const code = await driver.requestStart(signal);
  const deadline = performance.now() + START_TIMEOUT_MS;
  let failedSince: number | undefined;
  for (;;) {
    const status = await driver.status(signal);
    if (status.state === "running") return;
    failedSince = status.atRest ? (failedSince ?? performance.now()) : undefined;
    const givenUp = failedSince !== undefined && (code !== 0 || performance.now() - failedSince > FAILED_FOR_MS);
    if (givenUp || performance.now() > deadline) throw didNotStart(host, driver, status);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Stops the service and waits until the manager says so and the process is gone. A stop command may report an error and have worked. */
export async function stopService(
  host: Host,
  driver: ServiceDriver,
  signal?: AbortSignal,
  timeoutMs = STOP_TIMEOUT_MS,
): Promise<void> {
  const before = await driver.status(signal);
  const identity = before.pid === undefined ? undefined : await identifyProcess(host, before.pid, signal);
  if (before.state === "stopped" && !identity) return;
  const deadline = performance.now() + timeoutMs;
  await requestStop(driver, signal, timeoutMs);
  for (;;) {
    const status = await driver.status(signal);
    const gone = !identity || (await isGone(host, identity, signal));
    if (status.atRest && gone) return status.state === "stopped" ? undefined : driver.acknowledgeGone?.(signal);
    if (performance.now() > deadline) throw didNotStop(host, driver, status, gone ? undefined : identity);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** A stop command that takes too long is judged like any other: by what the node then looks like. */
async function requestStop(driver: ServiceDriver, signal: AbortSignal | undefined, timeoutMs: number): Promise<void> {
  try {
    await driver.requestStop(signal, timeoutMs);
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.id !== "COMMAND_TIMED_OUT") throw error;
  }
}

function didNotStart(host: Host, driver: ServiceDriver, status: DriverStatus): UnderstudyError {
  const unknown = status.state === "unknown";
  return new UnderstudyError(unknown ? "OUTCOME_UNKNOWN" : "SERVICE_DID_NOT_START", {
    node: host.name,
    what: unknown
      ? `Whether ${driver.name} has started cannot be told (${status.detail}).`
      : `${capitalised(driver.name)} did not start (${status.detail}).`,
    next: `look at it on the node: ${driver.inspect}`,
  });
}

function didNotStop(
  host: Host,
  driver: ServiceDriver,
  status: DriverStatus,
  survivor: ProcessIdentity | undefined,
): UnderstudyError {
  const unknown = status.state === "unknown" && !survivor;
  const alive = survivor ? `; its process ${survivor.pid} is still there` : "";
  return new UnderstudyError(unknown ? "OUTCOME_UNKNOWN" : "SERVICE_DID_NOT_STOP", {
    node: host.name,
    what: unknown
      ? `Whether ${driver.name} has stopped cannot be told (${status.detail}).`
      : `${capitalised(driver.name)} did not stop in time (${status.detail}${alive}).`,
    next: survivor
      ? `see what holds it up: ${driver.inspect}; as a last resort: kill -9 ${survivor.pid}`
      : `look at it on the node: ${driver.inspect}`,
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
