/** Milliseconds since 1970 that only ever run forward: a jump of the machine's clock does not touch them. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
