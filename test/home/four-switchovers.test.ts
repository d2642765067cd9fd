import { afterAll, beforeAll, expect, test } from "vitest";
import { bringUp } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";

const timing = process.env["LAB_TIMING"] === "full" ? "full" : "off";

let lab: RunningHome;
beforeAll(async () => {
  lab = await bringUp({ devices: 12, timing });
});
afterAll(() => lab?.stop());

test("I1, I3: four switchovers in a row lose no device, and never two coordinators are on the air", async () => {
  const { home } = lab;
  for (const [from, to] of [
    ["a", "b"],
    ["b", "a"],
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    const counter = home.node(from).dongle.inspect().ramCounter ?? 0;
    const answers = home.watchAnswers(to);
    const { code, report } = await lab.switchover("--enrol-blank-stick", "--reason", "test");
    expect(report.message).toBe(`zigbee runs on ${to}.`);
    expect({ code, outcome: report.outcome, from: report.from, to: report.to }).toEqual({
      code: 0,
      outcome: "done",
      from,
      to,
    });
    await answers.wait(15_000);
    await answers.stop();
    expect(answers.answers.map((answer) => answer.device).toSorted()).toEqual(
      home.devices.map((device) => device.name).toSorted(),
    );
    for (const { afterStartMs } of answers.answers) expect(afterStartMs).toBeLessThan(15_000);
    const last = Math.max(...answers.answers.map(({ afterStartMs }) => afterStartMs));
    // The record of a run at full timing is what these lines say.
    console.log(
      `${from} -> ${to}: outage ${seconds(report.outageMs)}, ${answers.answers.length} of ${home.devices.length} devices answered, the last ${seconds(last)} after the start`,
    );
    expect(home.servingNode()?.name).toBe(to);
    expect(home.node(to).dongle.inspect().ramCounter).toBeGreaterThan(counter + 1000);
    expect(home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
  }
  expect((await lab.serviceState()).history.map(({ outcome, to }) => [outcome, to])).toEqual([
    ["done", "a"],
    ["done", "b"],
    ["done", "a"],
    ["done", "b"],
  ]);
}, 1_200_000);

function seconds(ms: number | undefined): string {
  return ms === undefined ? "unknown" : `${(ms / 1000).toFixed(1)} s`;
}
