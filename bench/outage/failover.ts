import { now } from "../../lab/air/clock.ts";
import { Outlet } from "../../lab/home/outlet.ts";
import { until } from "../../test/home/support/bring-up.ts";
import { tasmotaPlug } from "../../test/system/home/support/tasmota-plug.ts";
import type { TasmotaPlug } from "../../test/system/home/support/tasmota-plug.ts";
import { FAULTS } from "./plan.ts";
import type { Fault } from "./plan.ts";
import { measure } from "./measure.ts";
import { outageSince } from "./outage.ts";
import type { Measurement, Step } from "./result.ts";
import type { BenchNode, Site } from "./site.ts";
import type { Settings, Understudy } from "./understudy.ts";

/** What befalls the active node. */
interface Ill {
  /** Only a host of its own has power to lose. */
  readonly needsPlug: boolean;
  strike(node: BenchNode): Promise<void> | void;
}

const ILLS: Readonly<Record<Fault, Ill>> = {
  processKilled: {
    needsPlug: false,
    strike: ({ home, namespaceNode }) =>
      void (namespaceNode?.namespaceHost ?? home.host).signal(home.host.zigbee2mqtt.directory, "SIGKILL"),
  },
  donglePulled: { needsPlug: false, strike: ({ home }) => home.unplug() },
  hostPowerLost: { needsPlug: true, strike: ({ home }) => home.powerOff() },
  firmwareHung: { needsPlug: true, strike: ({ home }) => home.dongle.hang() },
};

/** Puts right what the fault and the fence have left, as a person does once the home is served again. */
async function mend(fault: Fault, { home, namespaceNode }: BenchNode, plug: TasmotaPlug | undefined): Promise<void> {
  // The power that returns to a host comes with its stick plugged in.
  if (plug?.outlet && namespaceNode?.namespaceHost.bootId === undefined) await giveBack(plug.outlet);
  else if (fault === "donglePulled") await home.plug();
}

/** A person switches the outlet off and on: where the fault took the power, it was on all the time. */
async function giveBack(outlet: Outlet): Promise<void> {
  outlet.order("off");
  outlet.order("on");
  await outlet.settled();
}

const MENDED_WITHIN_MS = 240_000;

/** Plugs of the nodes, by name; none where hosts have no power of their own. */
export type Plugs = ReadonlyMap<string, TasmotaPlug>;

export async function startPlugs(site: Site): Promise<Plugs> {
  const plugs = new Map<string, TasmotaPlug>();
  for (const { name, namespaceNode } of site.nodes) {
    if (!namespaceNode) continue;
    const plug = await tasmotaPlug();
    plug.outlet = new Outlet({ name: `node ${name}`, load: namespaceNode });
    plugs.set(name, plug);
  }
  return plugs;
}

/** What understudy.yaml says for the failovers: at once, and with these plugs. */
export function failoverSettings(site: Site, plugs: Plugs): Settings {
  return [
    [["failover"], { after: "0s" }],
    ...site.nodes.map(({ name }, index) => {
      const port = plugs.get(name)?.port;
      const rungs = port ? ["ssh", { tasmota: { host: "127.0.0.1", port, trusted: true } }] : ["ssh"];
      return [["nodes", index, "fencing"], rungs] as const;
    }),
  ];
}

/** Whether this fault can befall a home of this kind; else why not. */
export function impossible(fault: Fault, site: Site): string | undefined {
  if (!ILLS[fault].needsPlug || site.hosts === "namespaces") return undefined;
  return `${FAULTS[fault]}: only with hosts in namespaces, as root`;
}

/** (e) From one fault of the active node until a light obeys again, wherever. Everything is mended when it resolves. */
export async function failover(
  fault: Fault,
  { site, understudy, plugs }: { site: Site; understudy: Understudy; plugs: Plugs },
): Promise<Measurement> {
  const struck = site.active();
  await understudy.order("sync", "--enrol-blank-stick");
  const known = (await understudy.report())?.runId;
  const measurement = await measure({
    part: "e",
    fault,
    site,
    async act() {
      const orderedAt = now();
      await ILLS[fault].strike(struck);
      return { orderedAt };
    },
    outage: outageSince,
    from: (_outage, orderedAt) => orderedAt,
  });
  let steps: readonly Step[] = [];
  await until(async () => (await understudy.state()).current === undefined, "the failover ends", MENDED_WITHIN_MS);
  const report = await understudy.report();
  if (report && report.runId !== known) {
    if (report.outcome !== "done") throw new Error(`The failover was not done: ${report.message}`);
    steps = await understudy.steps(report.runId, site.active().name);
  }
  await mend(fault, struck, plugs.get(struck.name));
  await understudy.order("acknowledge");
  return { ...measurement, steps };
}
