import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { Outlet } from "../../../lab/home/outlet.ts";
import { Switching } from "../../../lab/home/outage.ts";
import type { HandoverReport } from "../../../workflows/contract.ts";
import { until } from "../../home/support/bring-up.ts";
import { ALL_WELL, bringUpSystem, isRoot } from "./support/bring-up.ts";
import type { NodeName, SystemHome } from "./support/bring-up.ts";
import { tasmotaPlug } from "./support/tasmota-plug.ts";
import type { TasmotaPlug } from "./support/tasmota-plug.ts";

/**
 * From each fault of the active node to the first command that a light obeys again. `LAB_TIMING=full node scripts/test.mjs
 * --project=verify test/system/home/times.test.ts` makes the table of docs/times.md. With `off` the sticks take no time; without
 * either one fault is enough.
 */
const { LAB_TIMING } = process.env;

interface Case {
  readonly fault: string;
  /** Rungs of node a's fencing ladder; `plug` is a Tasmota plug that it hangs on. */
  readonly ladder: readonly ("ssh" | "plug" | "person")[];
  readonly selfFence?: string;
  strike(lab: SystemHome): Promise<void> | void;
  /** Who serves afterwards. */
  readonly by: NodeName;
  /** A person is asked for a word, and gives it at once. */
  readonly person?: true;
}

const CASES: readonly Case[] = [
  {
    fault: "host lost its power, with a plug",
    ladder: ["ssh", "plug"],
    strike: (lab) => lab.node("a").powerOff(),
    by: "b",
  },
  {
    fault: "process killed",
    ladder: ["ssh", "person"],
    strike: (lab) => void lab.node("a").namespaceHost.signal("/opt/zigbee2mqtt", "SIGKILL"),
    by: "a",
  },
  { fault: "stick pulled", ladder: ["ssh", "person"], strike: (lab) => lab.node("a").unplug(), by: "b" },
  {
    fault: "host lost its power, a person asked",
    ladder: ["ssh", "person"],
    strike: (lab) => lab.node("a").powerOff(),
    by: "b",
    person: true,
  },
  {
    fault: "host lost its power, self-fence",
    ladder: ["ssh"],
    selfFence: "60s",
    strike: (lab) => lab.node("a").powerOff(),
    by: "b",
  },
  {
    fault: "host frozen, with a plug",
    ladder: ["ssh", "plug"],
    strike: (lab) => lab.node("a").namespaceHost.freeze(),
    by: "b",
  },
  {
    fault: "firmware hung, with a plug",
    ladder: ["ssh", "plug"],
    strike: (lab) => lab.node("a").dongle.hang(),
    by: "b",
  },
  {
    fault: "network of the active cut, with a plug",
    ladder: ["ssh", "plug"],
    strike: (lab) => lab.node("a").namespaceHost.cutNetwork(),
    by: "b",
  },
  {
    fault: "network of the active cut, self-fence",
    ladder: ["ssh"],
    selfFence: "60s",
    strike: (lab) => lab.node("a").namespaceHost.cutNetwork(),
    by: "b",
  },
];

const RESTORED_WITHIN_MS = 420_000;
/** A light that is switched every 50 ms and obeys nobody for so long is out of service. */
const OUT_OF_SERVICE_MS = 1_000;

describe.skipIf(!isRoot)("from the fault to the first command obeyed", () => {
  let lab: SystemHome | undefined;
  let plug: TasmotaPlug | undefined;
  afterEach(async () => {
    await lab?.end();
    await plug?.close();
    lab = undefined;
    plug = undefined;
  });

  test.each(LAB_TIMING === undefined ? CASES.slice(0, 1) : CASES)("$fault", { timeout: 900_000 }, async (fault) => {
    const running = await armed(fault);
    const { received } = running.home.light(0).radio;
    const switching = new Switching(running.home.mqtt, running.home.light(0).name);
    try {
      await until(() => received.length > 20, "the light is switched");
      const struckAt = Date.now();
      await fault.strike(running);
      const asked = fault.person ? await personIsAsked(running) : undefined;
      if (asked) await running.understudy.run(["confirm-fenced", "--node", "a", "--yes"]);
      await until(() => restoredAt(running, fault.by, struckAt) !== undefined, "a light obeys", RESTORED_WITHIN_MS);
      const restored = restoredAt(running, fault.by, struckAt) ?? Number.NaN;
      console.log(
        [
          `${fault.fault}: service restored on ${fault.by} after ${seconds(restored - struckAt)}`,
          ...(asked ? [`asked after ${seconds(asked - struckAt)}`] : []),
          ...stepsOf(await running.progress(), struckAt),
        ].join(", "),
      );
    } finally {
      await switching.stop();
    }
    expect(running.home.servingNode()?.name).toBe(fault.by);
    // A stick that was only ever restored from a backup knows no children: a sleepy one comes back by itself, once, and
    // nobody joins or is interviewed.
    const returning = fault.by === "b" ? sleepers(running) : [];
    await until(() => returning.every(({ radio }) => radio.counts.rejoins > 0), "sleepy devices have come back");
    expect(returning.map(({ radio }) => radio.counts.rejoins)).toEqual(returning.map(() => 1));
    expect(running.home.facts()).toEqual({ ...ALL_WELL, rejoined: returning.length });
  });

  /** A home that has been armed, whose standby is fresh, preloaded, and has heard the active one. */
  async function armed({ ladder, selfFence }: Case): Promise<SystemHome> {
    plug = await tasmotaPlug();
    const rungs = ladder.map((rung) =>
      rung === "plug" ? { tasmota: { host: "127.0.0.1", port: plug?.port, trusted: true } } : rung,
    );
    lab = await bringUpSystem(
      { devices: 6, timing: LAB_TIMING === "full" ? "full" : "off" },
      ({ nodes: [node], home }) => {
        if (plug && node) plug.outlet = new Outlet({ name: "node a", load: node });
        const yaml = parseDocument(readFileSync(home.configFile, "utf8"));
        const zigbee = ["services", "zigbee"];
        yaml.setIn([...zigbee, "failover"], selfFence ? { selfFence } : {});
        yaml.setIn([...zigbee, "rotation"], false);
        yaml.setIn([...zigbee, "nodes", 0, "fencing"], rungs);
        writeFileSync(home.configFile, String(yaml));
      },
    );
    await orders(lab, ["setup", "--yes"], ["sync", "--enrol-blank-stick"], ["arm"], ["sync"]);
    expect((await lab.serviceState()).copies).toMatchObject({ b: { preloaded: true, listenedAt: expect.any(String) } });
    return lab;
  }
});

async function orders(lab: SystemHome, ...verbs: readonly string[][]): Promise<void> {
  for (const verb of verbs) {
    const { code, stdout } = await lab.understudy.run([...verb, "-o", "json"]);
    expect({ verb, code, stdout: code === 0 ? "" : stdout }).toEqual({ verb, code: 0, stdout: "" });
  }
}

/** When the light first obeyed again, by the air's clock: the first reception from the right stick after a time without any. */
function restoredAt(lab: SystemHome, by: NodeName, struckAt: number): number | undefined {
  const dongle = lab.node(by).dongle.name;
  const { received } = lab.home.light(0).radio;
  return received.find(({ at, dongle: sender }, index) => {
    const before = received[index - 1]?.at ?? at;
    return at > struckAt && sender === dongle && at - before > OUT_OF_SERVICE_MS;
  })?.at;
}

/** Devices that only hear what their parent keeps for them. */
function sleepers({ home }: SystemHome): SystemHome["home"]["devices"] {
  return home.devices.filter(({ radio }) => radio.pollDelay !== undefined);
}

/** When the failover began to wait for a person. */
async function personIsAsked(lab: SystemHome): Promise<number> {
  await until(
    async () => (await lab.progress())?.waitsForPerson !== undefined,
    "a person is asked",
    RESTORED_WITHIN_MS,
  );
  return Date.now();
}

function stepsOf(report: HandoverReport | undefined, struckAt: number): string[] {
  if (!report || Date.parse(report.startedAt) < struckAt) return [];
  const begun = `decided after ${seconds(Date.parse(report.startedAt) - struckAt)}`;
  return [begun, ...report.steps.map(({ name, durationMs }) => `${name} ${seconds(durationMs)}`)];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "?" : `${(ms / 1000).toFixed(1)} s`;
}
