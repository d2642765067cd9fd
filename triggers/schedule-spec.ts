import { createHash } from "node:crypto";
import type { ScheduleSpec } from "@temporalio/client";
import type { RotationPolicy, SyncPolicy } from "../config/automation.ts";

type Calendar = NonNullable<ScheduleSpec["calendars"]>[number];

const WEEKDAYS = {
  mon: "MONDAY",
  tue: "TUESDAY",
  wed: "WEDNESDAY",
  thu: "THURSDAY",
  fri: "FRIDAY",
  sat: "SATURDAY",
  sun: "SUNDAY",
} as const;
const WEEKDAY_NUMBERS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const MONTHS = [
  "JANUARY",
  "FEBRUARY",
  "MARCH",
  "APRIL",
  "MAY",
  "JUNE",
  "JULY",
  "AUGUST",
  "SEPTEMBER",
  "OCTOBER",
  "NOVEMBER",
  "DECEMBER",
] as const;

/** How far ahead days with a change of the clocks are looked for. The worker looks anew whenever it starts. */
const DAYS_AHEAD = 3 * 366;
const DAY_MS = 24 * 3_600_000;

/** Every so often, each service at its own second: those of a fleet would otherwise all be looked at in the same one. */
export function syncSpec({ everyMs }: SyncPolicy, service: string): ScheduleSpec {
  const place = createHash("sha256").update(service).digest().readUInt32BE() / 2 ** 32;
  return { intervals: [{ every: everyMs, offset: Math.floor((place * everyMs) / 1_000) * 1_000 }] };
}

/**
 * The rotation's calendar in the home's time zone. Temporal takes a time of day literally: on the day on which the clocks go forward
 * it may not exist, and on the one on which they go back exist twice. On such days it is the first later hour that exists once.
 */
export function rotationSpec(policy: RotationPolicy, now: Date): ScheduleSpec {
  const [hour = 0, minute = 0] = policy.at.split(":").map(Number);
  const odd = oddDays(policy, { hour, minute }, now);
  return {
    timezone: policy.timeZone,
    calendars: [
      { dayOfWeek: policy.days.map((day) => WEEKDAYS[day]), hour, minute, comment: "the rotation" },
      ...odd.map((day) => ({ ...calendarDay(day), hour: day.hour, minute, comment: "the clocks are changed" })),
    ],
    skip: odd.map((day) => ({ ...calendarDay(day), hour, minute })),
  };
}

interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly dayOfMonth: number;
}

interface Time {
  readonly hour: number;
  readonly minute: number;
}

/** The rotation's days on which its time exists never or twice, each with the hour that is taken instead. */
function oddDays({ days, timeZone }: RotationPolicy, time: Time, now: Date): readonly (Day & { hour: number })[] {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) - DAY_MS;
  return Array.from({ length: DAYS_AHEAD }, (_, index) => new Date(today + index * DAY_MS)).flatMap((date) => {
    const weekday = WEEKDAY_NUMBERS[date.getUTCDay()];
    if (weekday === undefined || !days.includes(weekday)) return [];
    const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
    if (occurrences(timeZone, day, time) === 1) return [];
    const hours = Array.from({ length: 23 - time.hour }, (_, index) => time.hour + 1 + index);
    const hour = hours.find((later) => occurrences(timeZone, day, { ...time, hour: later }) === 1);
    return hour === undefined ? [] : [{ ...day, hour }];
  });
}

/** How often a wall clock in a time zone shows this on that day. */
function occurrences(timeZone: string, { year, month, dayOfMonth }: Day, { hour, minute }: Time): number {
  const asUtc = Date.UTC(year, month - 1, dayOfMonth, hour, minute);
  // Whatever changes on that day, the clock goes by the offset of the day before or by that of the day after.
  const offsets = new Set([asUtc - DAY_MS, asUtc + DAY_MS].map((instant) => offsetAt(timeZone, instant)));
  return [...offsets].filter((offset) => offsetAt(timeZone, asUtc - offset) === offset).length;
}

/** What a time zone's wall clock is ahead of UTC, in ms. */
function offsetAt(timeZone: string, instant: number): number {
  const parts = formatter(timeZone).formatToParts(instant);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((candidate) => candidate.type === type)?.value);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(instant / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(timeZone, made);
  return made;
}

function calendarDay({ year, month, dayOfMonth }: Day): Pick<Calendar, "year" | "month" | "dayOfMonth"> {
  return { year, month: MONTHS[month - 1] ?? "JANUARY", dayOfMonth };
}
