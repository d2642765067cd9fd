import { FAULTS, PARTS } from "./plan.ts";
import type { Fault, Part, Plan, Round } from "./plan.ts";
import { failover, failoverSettings, impossible, startPlugs } from "./failover.ts";
import { coldStart, prototype, restartByMqtt, restartInPlace, switchover } from "./planned.ts";
import type { Measurement } from "./result.ts";
import { openSite } from "./site.ts";
import type { Site } from "./site.ts";
import { startUnderstudy, understands } from "./understudy.ts";
import type { Settings, Understudy } from "./understudy.ts";

/** What is told to whoever watches, and kept of what was measured. */
export interface Notes {
  readonly say: (line: string) => void;
  readonly add: (measurement: Measurement) => void;
  /** What was not measured, and why. */
  readonly skip: (what: string) => void;
  /** What could not be measured to its end, and why. */
  readonly fail: (what: string) => void;
}

/** Sites that are open, for a signal to end. */
export const open = new Set<Site>();

/** What is measured in one home, so that a failure spoils nothing else. */
interface Unit {
  readonly what: string;
  measure(site: Site, notes: Notes): Promise<void>;
}

/** Measures all parts of one round, one after the other, each in a home of its own. */
export async function measureRound(round: Round, plan: Plan, notes: Notes): Promise<void> {
  for (const unit of unitsOf(round, plan)) {
    notes.say(`${unit.what}: a home of ${round.devices} devices, hosts: ${plan.hosts}, timing: ${plan.timing}.`);
    try {
      await inHome(round.devices, plan, notes, (site) => unit.measure(site, notes));
    } catch (error) {
      notes.fail(`${unit.what}, ${round.devices} devices: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function unitsOf({ runs }: Round, { faults }: Plan): Unit[] {
  const planned: readonly (Unit & { part: Part })[] = [
    {
      part: "a",
      what: PARTS.a,
      async measure(site, { add }) {
        for (let run = 0; run < (runs.a ?? 0); run++) {
          add(await restartInPlace(site));
          add(await coldStart(site));
          add(await restartByMqtt(site));
        }
      },
    },
    {
      part: "b",
      what: PARTS.b,
      async measure(site, { add }) {
        for (let run = 0; run < (runs.b ?? 0); run++) add(await prototype(site));
      },
    },
    {
      part: "c",
      what: PARTS.c,
      async measure(site, { add }) {
        await withUnderstudy(site, driver("zigpy-znp"), async (understudy) => {
          for (let run = 0; run < (runs.c ?? 0); run++) add(await switchover("c", site, understudy));
        });
      },
    },
    {
      part: "d",
      what: PARTS.d,
      async measure(site, { add, skip }) {
        if (!(await understands(site, driver("zstack"))))
          return skip(`${PARTS.d}: this version of Understudy has no such driver`);
        await withUnderstudy(site, driver("zstack"), async (understudy) => {
          for (let run = 0; run < (runs.d ?? 0); run++) add(await switchover("d", site, understudy));
        });
      },
    },
  ];
  const failovers = faults.map((fault): Unit & { part: Part } => ({
    part: "e",
    what: `${PARTS.e}: ${FAULTS[fault]}`,
    measure: (site, notes) => measureFailovers(fault, { site, notes, runs: runs.e ?? 0 }),
  }));
  return [...planned, ...failovers].filter(({ part }) => (runs[part] ?? 0) > 0);
}

async function measureFailovers(
  fault: Fault,
  { site, notes, runs }: { site: Site; notes: Notes; runs: number },
): Promise<void> {
  const reason = impossible(fault, site);
  if (reason) return notes.skip(reason);
  const own = await understands(site, driver("zstack"));
  if (!own) notes.say("This version of Understudy has no driver zstack: with zigpy-znp.");
  const plugs = await startPlugs(site);
  try {
    const settings = [...driver(own ? "zstack" : "zigpy-znp"), ...failoverSettings(site, plugs)];
    await withUnderstudy(site, settings, async (understudy) => {
      // Nodes as an owner sets them up for automatic failovers; local hosts have no service manager to set up.
      if (site.hosts === "namespaces") await understudy.order("setup", "--yes");
      await understudy.order("sync", "--enrol-blank-stick");
      await understudy.order("arm");
      for (let run = 0; run < runs; run++) notes.add(await failover(fault, { site, understudy, plugs }));
    });
  } finally {
    for (const plug of plugs.values()) await plug.close();
  }
}

async function inHome(devices: number, plan: Plan, notes: Notes, act: (site: Site) => Promise<void>): Promise<void> {
  const site = await openSite(devices, plan, notes.say);
  open.add(site);
  try {
    await act(site);
  } finally {
    await site.end();
    open.delete(site);
  }
}

function driver(name: "zigpy-znp" | "zstack"): Settings {
  return [[["node", "coordinator", "driver"], name]];
}

async function withUnderstudy(
  site: Site,
  settings: Settings,
  act: (understudy: Understudy) => Promise<void>,
): Promise<void> {
  const understudy = await startUnderstudy(site, settings);
  try {
    await act(understudy);
  } finally {
    await understudy.stop();
  }
}
