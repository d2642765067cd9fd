import { expect, test } from "vitest";
import { REPORT_SIGNAL, handoverId, serviceId } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { eventually, verdict } from "./harness.ts";
import type { Play } from "./harness.ts";
import { NOT_OFF } from "./scripted-emergency.ts";

let play: Play;
eachPlay(
  (begun) => {
    play = begun;
  },
  { knobs: ["limit.historyCount.suggestContinueAsNew=40"] },
);

const service = () => play.client.workflow.getHandle(serviceId(play.service));

/** The triggers go on reporting for as long as the service is down; resolves once that has begun a new history. */
async function reportUntilNewHistory(): Promise<void> {
  const { runId } = await service().describe();
  await eventually(async () => {
    const at = new Date().toISOString();
    const seen = { service: play.service, observer: "test", at, retained: false, detail: "Zigbee2MQTT is silent" };
    await service().signal(REPORT_SIGNAL, { ...seen, sign: "offline" });
    return (await service().describe()).runId === runId ? undefined : true;
  });
}

test("a service whose handover stays unknown for long begins a new history, and forgets nothing", async () => {
  const { home } = play;
  home.hang.add("startNode b");
  const handle = await play.start();
  await home.called("startNode b");
  home.hang.clear();
  home.unreachable.add("b");
  await handle.terminate("from the UI");
  const first = await play.serviceState();
  expect(first.current?.announced).toMatchObject({ from: "a", to: "b" });

  const { runId } = await service().describe();
  await eventually(async () => ((await service().describe()).runId === runId ? undefined : true), 60_000);
  expect((await play.serviceState()).history[0]).toMatchObject({ kind: "recovery", outcome: "unknown" });
  expect((await play.serviceState()).unfinished ?? (await play.serviceState()).current).toBeDefined();

  home.unreachable.clear();
  expect(await play.settled()).toMatchObject({ holder: "b" });
}, 120_000);

test("a service begins a new history while a failover waits for a person, and goes on watching it", async () => {
  await play.startService();
  play.home.running.delete("a");
  play.home.unreachable.add("a");
  play.home.emergency.fence = NOT_OFF;
  const failover = await play.failover();
  const { runId } = await play.waiting();
  await reportUntilNewHistory();
  expect((await play.serviceState()).current).toMatchObject({ runId, announced: { from: "a", to: "b" } });

  // It is still noticed that it ended without a verdict, and the recovery, too, may wait for as long as it takes.
  await failover.terminate("from the UI");
  const recovery = await eventually(async () => {
    const report = await play.waiting().catch(() => undefined);
    return report?.kind === "recovery" ? report : undefined;
  });
  await reportUntilNewHistory();
  expect((await play.serviceState()).current).toMatchObject({ runId: recovery.runId });
  await play.confirmFenced("a", recovery.runId);
  await verdict(play.client.workflow.getHandle(handoverId(play.service), recovery.runId));
  expect(await play.settled()).toMatchObject({ holder: "b", history: [{ kind: "recovery", outcome: "done" }] });
  expect(play.home.calls.filter((call) => call === "startNode b")).toHaveLength(1);
}, 120_000);
