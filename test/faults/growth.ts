import { readFileSync, readlinkSync, readdirSync } from "node:fs";
import { MARK } from "../../lab/home/create-home.ts";
import { processesWith } from "../../lab/hosts/processes.ts";
import type { Process } from "../../lab/hosts/processes.ts";
import type { Site } from "./site.ts";

/** What must not grow for ever, at one moment. */
export interface Sample {
  readonly minute: number;
  /** Resident memory. 0: it does not run at the moment. */
  readonly workerMb: number;
  readonly serverMb: number;
  readonly startMb: number;
  /** Open sockets of the worker. */
  readonly connections: number;
  /** In the present history of the service's own workflow. */
  readonly serviceEvents: number;
  /** Which worker it was: one that was killed begins anew. */
  readonly workerPid: number;
}

export interface Growth {
  readonly worker: string;
  readonly server: string;
  readonly connections: string;
  readonly serviceEvents: string;
  /** In words; empty: nothing grows without end. */
  readonly leaks: readonly string[];
}

const MOST_CONNECTIONS = 60;
const MOST_EVENTS = 12_000;
/** Between the first and the last quarter of the samples. */
const MOST_MB_MORE = 150;

export async function takeSample(site: Site, minute: number): Promise<Sample> {
  // Each hangs on a shell that has its whole command line too.
  const programs = processesWith(MARK, site.home.environment[MARK] ?? "").filter(
    ({ commandLine }) => !commandLine.startsWith("/bin/sh"),
  );
  const find = (fits: RegExp): Process | undefined => programs.find(({ commandLine }) => fits.test(commandLine));
  const worker = find(/\/workers\/main\.[jt]s$/);
  const history = await site.temporal.workflow.getHandle(`service:${site.service}`).fetchHistory();
  return {
    minute,
    workerMb: residentMb(worker),
    serverMb: residentMb(find(/temporal server start-dev/)),
    startMb: residentMb(find(/understudy\.mjs .*start$/)),
    connections: worker ? socketsOf(worker.pid) : 0,
    serviceEvents: history.events?.length ?? 0,
    workerPid: worker?.pid ?? 0,
  };
}

/** Compares the first quarter with the last one. */
export function growthOf(samples: readonly Sample[]): Growth {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const mean = (part: readonly Sample[], of: (sample: Sample) => number): number => {
    const values = part.map(of).filter((value) => value > 0);
    return Math.round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
  };
  const change = (of: (sample: Sample) => number): [number, number] => [
    mean(samples.slice(0, quarter), of),
    mean(samples.slice(-quarter), of),
  ];
  const [worker, server, connections] = [
    change(({ workerMb }) => workerMb),
    change(({ serverMb }) => serverMb),
    change((sample) => sample.connections),
  ];
  const events = Math.max(0, ...samples.map(({ serviceEvents }) => serviceEvents));
  const leaks = [
    ...(worker[1] - worker[0] > MOST_MB_MORE ? ["the worker's memory grows"] : []),
    ...(server[1] - server[0] > MOST_MB_MORE ? ["the server's memory grows"] : []),
    ...(connections[1] > MOST_CONNECTIONS ? ["the worker's connections grow"] : []),
    ...(events > MOST_EVENTS ? ["the service's history grows"] : []),
  ];
  return {
    worker: `${worker.join(" → ")} MB`,
    server: `${server.join(" → ")} MB`,
    connections: connections.join(" → "),
    serviceEvents: `at most ${events}`,
    leaks,
  };
}

function residentMb(program: Process | undefined): number {
  if (!program) return 0;
  try {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kb ?? 0) / 1024);
  } catch {
    return 0; // It has just ended.
  }
}

function socketsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:"))
      .length;
  } catch {
    return 0;
  }
}
