import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "./host.ts";

/** One process, told from a later one with the same number by when it began. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since boot (proc(5), field 22 of stat); "hidden" where it lives but may not be seen. */
  readonly startTime: string;
}

/** Shell function: prints the start time of process $1 if it lives. A zombie has closed all that it held, so it counts as gone. */
export const START_TIME = `
start_time() {
  if stat=$(cat "/proc/$1/stat" 2>/dev/null); then
    set -- \${stat##*) }
    case $1 in Z|X|x) return ;; esac
    shift 19
    echo "$1"
    return
  fi
  case $(kill -0 "$1" 2>&1) in *ermitted*) echo hidden ;; esac
}`;

/** The living process with that number; undefined if there is none. */
export async function identifyProcess(
  host: Host,
  pid: number,
  signal?: AbortSignal,
): Promise<ProcessIdentity | undefined> {
  const result = await host.run(`LC_ALL=C\n${START_TIME}\nstart_time "$1"`, {
    args: [String(pid)],
    privileged: true,
    signal,
  });
  const startTime = result.stdout.toString("latin1").trim();
  if (result.code === 0) return startTime === "" ? undefined : { pid, startTime };
  throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: `Whether process ${pid} lives cannot be found out (exit status ${result.code}).`,
    next: "a /proc file system is needed on the node.",
  });
}

/** Whether that very process is no longer there. */
export async function isGone(host: Host, process: ProcessIdentity, signal?: AbortSignal): Promise<boolean> {
  const now = await identifyProcess(host, process.pid, signal);
  return now?.startTime !== process.startTime;
}
