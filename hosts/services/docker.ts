import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../host.ts";
import type { Autostart, DriverStatus, ServiceDriver } from "./driver.ts";

/** `docker inspect` fails alike for a container that is not there and for a daemon that is down; `docker info` tells them apart. */
const INSPECT = `
command -v docker >/dev/null || exit 127
docker inspect --type container -f '{{json .State}} {{json .HostConfig.RestartPolicy}}' "$1" 2>/dev/null && exit 0
docker info >/dev/null 2>&1 || exit 45
exit 44`;

/** Seconds that Docker gives a container before it kills it. */
const GRACE_SECONDS = 30;
/** 128 + SIGKILL and SIGTERM: what a container leaves with when it was stopped. */
const STOPPED_EXIT_CODES: readonly unknown[] = [0, 137, 143];

interface Inspected {
  readonly state: {
    Status?: string;
    Pid?: number;
    ExitCode?: number;
    OOMKilled?: boolean;
    Health?: { Status?: string };
  };
  readonly policy: { Name?: string };
}

/** Containers of Docker, by name. */
export function dockerDriver(host: Host, container: string): ServiceDriver {
  const inspect = async (signal?: AbortSignal): Promise<Inspected> => {
    const result = await host.run(INSPECT, { args: [container], privileged: true, signal });
    if (result.code !== 0) throw notThere(host, container, result.code);
    return parse(host, container, result.stdout.toString("utf8"));
  };
  const command = async (
    script: string,
    args: string[],
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<number> =>
    (
      await host.run(`${script} >/dev/null 2>&1 </dev/null`, {
        args,
        privileged: true,
        exclusive: true,
        signal,
        timeoutMs,
      })
    ).code;
  return {
    name: `the Docker container ${container}`,
    inspect: `docker ps -a --filter name=${container}; docker logs --tail 50 ${container}`,
    status: async (signal) => judge(await inspect(signal)),
    requestStart: (signal) => command('docker start "$1"', [container], signal, 120_000),
    requestStop: (signal, timeoutMs) => {
      const grace = Math.max(1, Math.min(GRACE_SECONDS, Math.floor(timeoutMs / 2000)));
      return command('docker stop -t "$2" "$1"', [container, String(grace)], signal, timeoutMs);
    },
    autostart: async (signal) => readAutostart(container, (await inspect(signal)).policy.Name ?? ""),
  };
}

function parse(host: Host, container: string, printed: string): Inspected {
  try {
    // Two JSON objects on one line: the second one begins at the last brace that opens.
    const second = printed.lastIndexOf("{");
    return {
      state: JSON.parse(printed.slice(0, second)) as Inspected["state"],
      policy: JSON.parse(printed.slice(second)) as Inspected["policy"],
    };
  } catch {
    throw notThere(host, container, 0);
  }
}

/** `Running` is true even of a paused container, so `Status` is judged. */
function judge({ state }: Inspected): DriverStatus {
  const status = state.Status ?? "?";
  const pid = state.Pid || undefined;
  const health = state.Health?.Status ? `, ${state.Health.Status}` : "";
  if (status === "running") return { state: "running", pid, detail: `${status}${health}`, atRest: false };
  if (status === "created") return { state: "stopped", detail: status, atRest: true };
  if (status === "restarting") return { state: "failed", pid, detail: status, atRest: false };
  if (status === "dead") return { state: "failed", detail: status, atRest: true };
  if (status !== "exited") return { state: "unknown", pid, detail: status, atRest: false };
  const ended = STOPPED_EXIT_CODES.includes(state.ExitCode) && !state.OOMKilled;
  return {
    state: ended ? "stopped" : "failed",
    detail: `exited with ${state.ExitCode}${state.OOMKilled ? ", out of memory" : ""}`,
    atRest: true,
  };
}

function readAutostart(container: string, policy: string): Autostart[] {
  if (policy === "" || policy === "no") return [];
  const how = `Docker's restart policy of ${container} is ${policy}`;
  const mend = `docker update --restart=no ${container} (and "restart: no" in its compose file)`;
  const crash: Autostart = { starts: "after a crash", how, mend };
  return policy === "on-failure" ? [crash] : [{ starts: "at boot", how, mend }, crash];
}

function notThere(host: Host, container: string, code: number): UnderstudyError {
  const missing = code === 44;
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: missing
      ? `Docker has no container ${container}.`
      : `Docker cannot be asked for ${container} (${code === 127 ? "not installed" : "its daemon does not answer"}).`,
    next: missing
      ? "name the container as `docker ps -a` on the node does."
      : "check `docker info` on the node with the user and privilege that are configured.",
  });
}
