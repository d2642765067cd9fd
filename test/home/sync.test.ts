import { afterAll, beforeAll, expect, test } from "vitest";
import type { SyncReport } from "../../workflows/contract.ts";
import { bringUp } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";

let lab: RunningHome;
beforeAll(async () => {
  lab = await bringUp({ devices: 4 });
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

  const second = await sync();
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

async function sync(...args: string[]): Promise<{ code: number; report: SyncReport }> {
  const { code, stdout } = await lab.understudy.run(["sync", "-o", "json", ...args]);
  return { code, report: JSON.parse(stdout) as SyncReport };
}
