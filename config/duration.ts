const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A whole number and its unit: `500ms`, `15s`, `5m`, `1h`. */
export const DURATION_PATTERN = /^([0-9]{1,9})(ms|s|m|h)$/;

/** Milliseconds of a duration that matches DURATION_PATTERN; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** The shortest exact way to write a number of milliseconds: 15000 becomes `15s`. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (ms > 0 && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
