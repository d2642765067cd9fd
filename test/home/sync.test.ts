import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RadioDevice } from "../../lab/air/radio-device.ts";
import { createLight } from "../../lab/devices/index.ts";
import { joinAll } from "../../lab/home/formation.ts";
import type { SyncReport } from "../../workflows/contract.ts";
import { bringUp, until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { setForService } from "./support/service-settings.ts";

let lab: RunningHome;
beforeAll(async () => {
  // The schedule, once a day in the lab, does not come in between.
  lab = await bringUp({ devices: 4 }, (home) => setForService(home, [[["sync", "afterChange"], "1s"]]));
});
afterAll(() => lab?.stop());

test("keeps the standby ready: its stick holds the network, silent and with counters ahead; nothing is done where nothing has changed", async () => {
  const { home } = lab;
  const [active, standby] = [home.node("a").dongle, home.node("b").dongle];

  const refused = await sync();
  expect(refused.report.standbys).toMatchObject([{ node: "b", ok: true, preloaded: false, written: "nothing" }]);
  expect(standby.inspect().configured).toBe(false);

  const first = await sync("--enrol-blank-stick");
  expect(first.report.standbys).toMatchObject([{ node: "b", ok: true, preloaded: true, written: "all" }]);
  expect(first.code).toBe(0);
  expect(standby.inspect()).toMatchObject({
    onAir: false,
    deviceState: 0,
    configured: true,
    ieee: active.inspect().ieee,
    extendedPanId: active.inspect().extendedPanId,
    keyFingerprint: active.inspect().keyFingerprint,
  });
  expect(standby.inspect().nvCounter).toBeGreaterThan((active.inspect().ramCounter ?? 0) + 1000);

  // Restoring forms a throw-away network on the way: once, not the home's, and over.
  const { extendedPanId = "" } = active.inspect();
  expect(home.air.otherNetworks(extendedPanId)).toEqual([
    expect.objectContaining({ coordinator: standby.name, to: expect.any(Number) }),
  ]);

  const before = filesOfNodes();
  const second = await sync();
  // Nothing of the coordinators, generations and marks; on a node that was set up the controller's mark is kept in /run as well.
  expect(changes(before, filesOfNodes())).toEqual(["a controller"]);
  expect(second.report).toMatchObject({ outcome: "unchanged", standbys: [{ preloaded: true, written: "nothing" }] });
  expect(second.report.generation).toEqual(first.report.generation);

  const { copies } = await lab.serviceState();
  expect(copies["b"]).toMatchObject({ preloaded: true, generation: first.report.generation });
  expect(Date.now() - Date.parse(copies["b"]?.at ?? "")).toBeLessThan(30_000);
  expect(home.facts()).toMatchObject({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0 });
}, 120_000);

test("a planned switchover finds the standby as it needs it", async () => {
  const answers = lab.home.watchAnswers("b");
  const { report } = await lab.switchover("--reason", "test");
  expect(report.message).toBe("zigbee runs on b.");
  await answers.wait(15_000);
  await answers.stop();
  expect(answers.answers.length).toBe(lab.home.devices.length);
  expect(lab.home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
}, 120_000);

test("a device that joins is in the standby's copy, and its stick is written, without waiting for the schedule", async () => {
  const { home } = lab;
  await lab.understudy.run(["arm"]);
  const before = (await lab.serviceState()).copies["a"]?.generation.id;
  const ieeeAddress = "0x021ab000000000ff";
  const application = createLight();
  const radio = new RadioDevice(application, { ieee: ieeeAddress, air: home.air });
  try {
    const light = { name: ieeeAddress, type: "light", ieeeAddress, application, radio } as const;
    await joinAll({ mqtt: home.mqtt, devices: [light], withinMs: 30_000, progress: () => undefined });
    const copy = async () => (await lab.serviceState()).copies["a"];
    await until(async () => (await copy())?.generation.id !== before, "the standby holds a new copy");
    const generation = (await copy())?.generation.id ?? "";
    expect((await copy())?.preloaded).toBe(true);
    expect(await inCopy("a", generation, "database.db")).toContain(ieeeAddress);
    expect(await inCopy("a", generation, "coordinator_backup.json")).toContain(ieeeAddress.slice(2));
  } finally {
    radio.powerOff();
  }
}, 120_000);

/** A file of a copy, as the node keeps it. */
async function inCopy(node: string, generation: string, file: string): Promise<string> {
  const archive = join(lab.home.node(node).stateDirectory, "generations", generation, "data.tar");
  const { stdout } = await promisify(execFile)("tar", ["-xOf", archive, `./${file}`]);
  return stdout;
}

/** When each file in the nodes' state directories was written, and each stick's flash, by node and name. */
function filesOfNodes(): ReadonlyMap<string, string> {
  const { home } = lab;
  const flash = home.nodes.map(({ name, dongle }) => [`${name} stick`, `${dongle.inspect().nvCounter}`] as const);
  const files = home.nodes.flatMap(({ name, stateDirectory }) =>
    readdirSync(stateDirectory, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { ino, mtimeMs, ctimeMs } = statSync(path);
      // The directory itself changes with the mark.
      const when = entry.isDirectory() ? `${ino}` : `${ino} ${mtimeMs} ${ctimeMs}`;
      return [`${name} ${relative(stateDirectory, path)}`, when] as const;
    }),
  );
  return new Map([...flash, ...files]);
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}

async function sync(...args: string[]): Promise<{ code: number; report: SyncReport }> {
  const { code, stdout } = await lab.understudy.run(["sync", "-o", "json", ...args]);
  return { code, report: JSON.parse(stdout) as SyncReport };
}
