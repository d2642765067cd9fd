import { median } from "./median.ts";
import type { Measurement, Seen, Step } from "./result.ts";

/** What happened how long after the outage began, median of a part's runs. */
export interface BreakdownRow {
  readonly part: Measurement["part"];
  readonly fault: Measurement["fault"];
  readonly what: string;
  readonly fromMs: number;
  /** Undefined of what takes no time. */
  readonly ms: number | undefined;
}

interface Event {
  readonly what: string;
  readonly at: number;
  readonly ms?: number;
}

/** One run as it went, in lines for whoever watches: milliseconds since the last command before, and how long it took. */
export function timelineOf(run: Measurement): string[] {
  return eventsOf(run).map(({ what, at, ms }) => {
    const took = ms === undefined ? "" : `${ms} ms`;
    return `${Math.round(at - run.from)
      .toString()
      .padStart(7)}  ${took.padStart(9)}  ${what}`;
  });
}

/** Where each millisecond went, by part and fault, in homes of so many devices; in order of time. */
export function breakdownOf(measurements: readonly Measurement[], devices: number): BreakdownRow[] {
  const groups = Map.groupBy(
    measurements.filter((run) => run.devices === devices),
    ({ part, fault }) => `${part} ${fault ?? ""}`,
  );
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs;
    if (!first) return [];
    const all = runs.flatMap((run) => eventsOf(run).map((event) => ({ ...event, fromMs: event.at - run.from })));
    const rows = [...Map.groupBy(all, ({ what }) => what)].map(([what, events]) => ({
      part: first.part,
      fault: first.fault,
      what,
      fromMs: median(events.map(({ fromMs }) => fromMs)) ?? 0,
      ms: median(events.flatMap(({ ms }) => ms ?? [])),
    }));
    return rows.sort((a, b) => a.fromMs - b.fromMs);
  });
}

/** Steps and what was seen, in order of time, each name once: of what came again, the first. */
function eventsOf(run: Measurement): Event[] {
  const all = [
    ...run.steps.map((step): Event => ({ what: nameOf(step), at: step.startedAt, ms: step.ms })),
    ...run.seen.map((seen): Event => ({ what: nameOf(seen), at: seen.at })),
    { what: "the light obeys", at: run.from + run.ms },
  ].sort((a, b) => a.at - b.at);
  const counts = new Map<string, number>();
  return all.map((event) => {
    const count = (counts.get(event.what) ?? 0) + 1;
    counts.set(event.what, count);
    return count === 1 ? event : { ...event, what: `${event.what} (${count})` };
  });
}

function nameOf(event: Step | Seen): string {
  const what = "name" in event ? event.name : event.what;
  return event.node === undefined ? what : `${what}, ${event.node} node`;
}
