/** Milliseconds as a person says them: `0.4 s`, `12.3 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Milliseconds where tenths of a second would be a false promise: `40 s`, `2 min 05 s`. */
export function roughly(ms: number): string {
  const seconds = Math.round(Math.max(0, ms) / 1000);
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000);
}

/** How long ago: `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. */
export function ago(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - since.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** Date and time of day where the reader is: `2026-11-21 03:38:47`. */
export function localTime(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${timeOfDay(date)}`;
}

export function timeOfDay(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The first characters of a text, with an ellipsis where something was cut off. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A text that came over the network, without what a terminal would obey. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").trim();
}
