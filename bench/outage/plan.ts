import { parseArgs } from "node:util";

/** What is measured, in the words of the table. */
export const PARTS = {
  a: "Zigbee2MQTT restarted in place",
  b: "the prototype's procedure",
  c: "switchover, driver zigpy-znp",
  d: "switchover, driver zstack",
  e: "failover",
} as const;

export type Part = keyof typeof PARTS;

export const FAULTS = {
  processKilled: "process killed",
  donglePulled: "dongle pulled",
  hostPowerLost: "host power lost, with a plug",
  firmwareHung: "firmware hung, with a plug",
} as const;

export type Fault = keyof typeof FAULTS;

/** Measurements in one home of so many devices: how often each part is measured. */
export interface Round {
  readonly devices: number;
  readonly runs: Readonly<Partial<Record<Part, number>>>;
}

export type HostKind = "local" | "namespaces";

export interface Plan {
  readonly rounds: readonly Round[];
  readonly faults: readonly Fault[];
  readonly hosts: HostKind;
  /** `off`: the sticks take no time; only to see that the bench itself works. */
  readonly timing: "full" | "off";
  /** Where bench.md and bench.svg are written; undefined: nowhere. */
  readonly out: string | undefined;
}

export const USAGE = `npm run bench -- [options]: how long a light obeys nobody
  --quick        a taste: 12 devices, everything once
  --only a,b     only these parts: ${Object.entries(PARTS)
    .map(([part, words]) => `${part} ${words}`)
    .join("; ")}
  --devices N,…  only homes of so many devices (50, 12 and 150 without it)
  --runs N       how often each part is measured (5; failovers, and homes of other sizes than 50, 3)
  --fault F,…    only these faults: ${Object.keys(FAULTS).join(", ")}
  --hosts KIND   namespaces (as root, the default there) or local
  --timing off   sticks without delays, to see that the bench works
  --out DIR      where bench.md and bench.svg go (docs, if everything is measured; else nowhere)`;

const WHOLE: readonly Round[] = [
  { devices: 50, runs: { a: 5, b: 5, c: 5, d: 5, e: 3 } },
  { devices: 12, runs: { a: 3, d: 3 } },
  { devices: 150, runs: { a: 3, d: 3 } },
];

/** Reads the command line. Undefined: only the usage was asked for. Throws where an option is not understood. */
export function planFrom(args: readonly string[], isRoot: boolean): Plan | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      devices: { type: "string" },
      runs: { type: "string" },
      fault: { type: "string" },
      hosts: { type: "string", default: isRoot ? "namespaces" : "local" },
      timing: { type: "string", default: "full" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const only = choices(values.only, Object.keys(PARTS) as Part[]);
  const sizes = values.devices?.split(",").map((text) => positive(text));
  const runs = values.runs === undefined ? undefined : positive(values.runs);
  const partial = values.quick || values.only || sizes || runs || values.fault || values.timing !== "full";
  return {
    rounds: roundsOf(values.quick, sizes).map(({ devices, runs: usual }) => ({
      devices,
      runs: Object.fromEntries(
        only.filter((part) => usual[part] !== undefined).map((part) => [part, runs ?? usual[part]]),
      ),
    })),
    faults: choices(values.fault, Object.keys(FAULTS) as Fault[]),
    hosts: one(values.hosts, ["namespaces", "local"]),
    timing: one(values.timing, ["full", "off"]),
    out: values.out ?? (partial ? undefined : "docs"),
  };
}

function roundsOf(quick: boolean, sizes: readonly number[] | undefined): readonly Round[] {
  if (quick) return (sizes ?? [12]).map((devices) => ({ devices, runs: { a: 1, b: 1, c: 1, d: 1, e: 1 } }));
  return (sizes ?? WHOLE.map(({ devices }) => devices)).map(
    (size) => WHOLE.find(({ devices }) => devices === size) ?? { devices: size, runs: WHOLE[0]?.runs ?? {} },
  );
}

function choices<T extends string>(given: string | undefined, all: readonly T[]): readonly T[] {
  return given === undefined ? all : given.split(",").map((text) => one(text, all));
}

function one<T extends string>(given: string, all: readonly T[]): T {
  const found = all.find((choice) => choice === given);
  if (!found) throw new Error(`${given} is none of ${all.join(", ")}.`);
  return found;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${text} is no number of devices or runs.`);
  return number;
}
