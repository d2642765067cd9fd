import { median } from "./median.ts";
import { FAULTS, PARTS } from "./plan.ts";
import type { Fault } from "./plan.ts";
import type { Measurement } from "./result.ts";

/** The bench's last line. Milliseconds; null: not measured. */
export interface Summary {
  /** In homes of so many devices. */
  readonly devices: number;
  readonly restartMs: number | null;
  readonly bridgeRestartMs: number | null;
  readonly coldStartMs: number | null;
  readonly prototypeMs: number | null;
  readonly zigpyMs: number | null;
  readonly switchoverMs: number | null;
  readonly failoverMs: Readonly<Record<Fault, number | null>>;
  /** By number of devices. */
  readonly bySize: Readonly<
    Record<string, { readonly restartMs: number | null; readonly switchoverMs: number | null }>
  >;
  readonly ratios: Readonly<Record<string, number | null>>;
  /** Of Understudy's own runs; the prototype's stand below. */
  readonly rejoined: number;
  readonly doubleActiveMs: number;
  readonly prototype: { readonly rejoined: number; readonly doubleActiveMs: number };
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
}

/** The median of a part's runs in homes of so many devices. */
export function medianOf(
  measurements: readonly Measurement[],
  about: { part: Measurement["part"]; devices?: number; fault?: Fault },
): number | null {
  const runs = measurements.filter(
    ({ part, devices, fault }) =>
      part === about.part &&
      (about.devices === undefined || devices === about.devices) &&
      (about.fault === undefined || fault === about.fault),
  );
  return median(runs.map(({ ms }) => ms)) ?? null;
}

/** What is wrong with a run, or undefined. The prototype's second coordinator on the air is told, not held against the bench. */
export function complaintOf({ part, rejoined, doubleActiveMs, counterViolations }: Measurement): string | undefined {
  if (part === "b") return undefined;
  if (rejoined === 0 && doubleActiveMs === 0 && counterViolations === 0) return undefined;
  return `(${part}): ${rejoined} devices joined again, ${doubleActiveMs} ms of two coordinators on the air, ${counterViolations} counters fell.`;
}

/** Medians and ratios of the homes of so many devices; of the other sizes, what is compared. */
export function summarise(
  measurements: readonly Measurement[],
  devices: number,
  { skipped, failed }: Pick<Summary, "skipped" | "failed">,
): Summary {
  const at = (part: Measurement["part"], fault?: Fault) => medianOf(measurements, { part, devices, fault });
  const [restartMs, prototypeMs, zigpyMs, switchoverMs, coldStartMs] = [at("a"), at("b"), at("c"), at("d"), at("cold")];
  const sizes = [...new Set(measurements.map((run) => run.devices))].sort((a, b) => a - b);
  const bySize = Object.fromEntries(
    sizes.map((size) => [
      size,
      {
        restartMs: medianOf(measurements, { part: "a", devices: size }),
        switchoverMs: medianOf(measurements, { part: "d", devices: size }),
      },
    ]),
  );
  const own = measurements.filter(({ part }) => part !== "b");
  const prototypes = measurements.filter(({ part }) => part === "b");
  return {
    devices,
    restartMs,
    bridgeRestartMs: at("bridgeRestart"),
    coldStartMs,
    prototypeMs,
    zigpyMs,
    switchoverMs,
    failoverMs: Object.fromEntries(
      Object.keys(FAULTS).map((fault) => [fault, at("e", fault as Fault)]),
    ) as Summary["failoverMs"],
    bySize,
    ratios: {
      switchoverToPrototype: ratio(switchoverMs, prototypeMs),
      switchoverToRestart: ratio(switchoverMs, restartMs),
      switchoverToColdStart: ratio(switchoverMs, coldStartMs),
      zigpyToPrototype: ratio(zigpyMs, prototypeMs),
      of150To12Devices: ratio(bySize[150]?.switchoverMs, bySize[12]?.switchoverMs),
    },
    rejoined: sum(own.map(({ rejoined }) => rejoined)),
    doubleActiveMs: sum(own.map(({ doubleActiveMs }) => doubleActiveMs)),
    prototype: {
      rejoined: sum(prototypes.map(({ rejoined }) => rejoined)),
      doubleActiveMs: sum(prototypes.map(({ doubleActiveMs }) => doubleActiveMs)),
    },
    skipped,
    failed,
  };
}

/** One line for whoever watches. */
export function lineOf(run: Measurement): string {
  const what =
    run.part === "cold"
      ? "a cold start of Zigbee2MQTT"
      : run.part === "bridgeRestart"
        ? "Zigbee2MQTT restarted by bridge/request/restart"
        : run.fault
          ? `${PARTS.e}: ${FAULTS[run.fault]}`
          : PARTS[run.part];
  const { published, received } = run.firstSecond;
  return `${run.devices} devices, ${what}: ${(run.ms / 1000).toFixed(2)} s (${received} of ${published} commands in the first second; rejoined ${run.rejoined}, two on the air ${run.doubleActiveMs} ms)`;
}

function ratio(value: number | null | undefined, to: number | null | undefined): number | null {
  return value && to ? Math.round((value / to) * 1000) / 1000 : null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
