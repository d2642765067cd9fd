import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import { parseDocument } from "yaml";
import { UnderstudyProgram } from "../../lab/demo/understudy-program.ts";
import type { HandoverReport, ServiceState } from "../../workflows/contract.ts";
import type { Site } from "./site.ts";
import type { Step } from "./result.ts";

const READY_WITHIN_MS = 150_000;

/** Values for the service's part of understudy.yaml, by their path below it. */
export type Settings = readonly (readonly [path: readonly (string | number)[], value: unknown])[];

/** Understudy at work in a home of the bench. */
export interface Understudy {
  /** Runs a verb to its end; rejects unless it exits with 0. */
  order(...verb: string[]): Promise<string>;
  state(): Promise<ServiceState>;
  /** The handover that runs or ran last. */
  report(): Promise<HandoverReport | undefined>;
  /** Each activity of a run, from when it was scheduled to when its end was known, in order. `newNode`: who serves after. */
  steps(runId: string, newNode: string): Promise<readonly Step[]>;
  stop(): Promise<void>;
}

/** Whether this version of Understudy understands these settings. */
export async function understands(site: Site, settings: Settings): Promise<boolean> {
  const before = readFileSync(site.home.configFile, "utf8");
  write(site, settings);
  const { code } = await programOf(site).run(["config", "check", "-o", "json"]);
  if (code !== 0) writeFileSync(site.home.configFile, before);
  return code === 0;
}

/** Starts Understudy in a home, with these settings. Rejects, with it ended, when it does not come up. */
export async function startUnderstudy(site: Site, settings: Settings): Promise<Understudy> {
  const { temporal: own } = write(site, settings) as { temporal: { port: number } };
  const program = programOf(site);
  try {
    await program.start(READY_WITHIN_MS, new AbortController().signal);
    const connection = await Connection.connect({ address: `127.0.0.1:${own.port}` });
    const temporal = new Client({ connection });
    const handover = "handover:zigbee";
    return {
      async order(...verb) {
        const { code, stdout } = await program.run([...verb, "-o", "json"]);
        if (code !== 0)
          throw new Error(`understudy ${verb.join(" ")} ended with exit code ${code}: ${messageOf(stdout)}`);
        return stdout;
      },
      state: () => temporal.workflow.getHandle("service:zigbee").query<ServiceState>("state"),
      report: () =>
        temporal.workflow
          .getHandle(handover)
          .query<HandoverReport>("progress")
          .catch(() => undefined),
      async steps(runId, newNode) {
        const { events } = await temporal.workflow.getHandle(handover, runId).fetchHistory();
        return stepsOf((events ?? []) as unknown as readonly HistoryEvent[], newNode);
      },
      async stop() {
        await connection.close();
        await program.stop();
      },
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/** The sentence for people in a verb's answer. */
function messageOf(stdout: string): string {
  try {
    const said = JSON.parse(stdout) as { message?: string; error?: { what: string } };
    return said.message ?? said.error?.what ?? stdout;
  } catch {
    return stdout.trim();
  }
}

function programOf(site: Site): UnderstudyProgram {
  return new UnderstudyProgram(site.home.configFile, site.home.environment, join(site.directory, "understudy.log"));
}

function write(site: Site, settings: Settings): unknown {
  const yaml = parseDocument(readFileSync(site.home.configFile, "utf8"));
  for (const [path, value] of settings) yaml.setIn(["services", "zigbee", ...path], value);
  writeFileSync(site.home.configFile, String(yaml));
  return yaml.toJS();
}

interface ActivityEnd {
  readonly scheduledEventId: { toString(): string };
}

/** What a history's events have of interest here. */
interface HistoryEvent {
  readonly eventId: { toString(): string };
  readonly eventTime: { readonly seconds: { toString(): string }; readonly nanos: number };
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType: { readonly name: string };
    readonly input?: { readonly payloads?: readonly { readonly data: Uint8Array }[] };
  };
  readonly activityTaskCompletedEventAttributes?: ActivityEnd;
  readonly activityTaskFailedEventAttributes?: ActivityEnd;
  readonly activityTaskTimedOutEventAttributes?: ActivityEnd;
  readonly activityTaskCanceledEventAttributes?: ActivityEnd;
}

function stepsOf(events: readonly HistoryEvent[], newNode: string): Step[] {
  const ends = new Map<string, number>();
  for (const event of events) {
    const end =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (end) ends.set(end.scheduledEventId.toString(), timeOf(event));
  }
  return events.flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (!scheduled) return [];
    const startedAt = timeOf(event);
    const node = nodeOf(scheduled.input?.payloads?.[0]?.data);
    return {
      name: scheduled.activityType.name,
      node: node === undefined ? undefined : node === newNode ? ("new" as const) : ("old" as const),
      startedAt,
      ms: Math.round((ends.get(event.eventId.toString()) ?? startedAt) - startedAt),
    };
  });
}

function nodeOf(input: Uint8Array | undefined): string | undefined {
  const { node, to } = JSON.parse(input ? Buffer.from(input).toString() : "{}") as { node?: string; to?: string };
  return node ?? to;
}

function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime.seconds.toString()) * 1000 + eventTime.nanos / 1e6;
}
