import { afterAll, beforeAll, expect, test } from "vitest";
import { serviceId } from "../../workflows/contract.ts";
import { beginPlay, eventually, makeGround } from "./harness.ts";
import type { Ground, Play } from "./harness.ts";

let ground: Ground;
let play: Play;
beforeAll(async () => {
  ground = await makeGround("limit.historyCount.suggestContinueAsNew=40");
  play = await beginPlay(ground);
}, 60_000);
afterAll(async () => {
  await play?.end();
  await ground?.temporal.stop();
});

test("a service whose handover stays unknown for long begins a new history, and forgets nothing", async () => {
  const { home, client, service } = play;
  home.hang.add("startNode b");
  const handle = await play.start();
  await home.called("startNode b");
  home.hang.clear();
  home.unreachable.add("b");
  await handle.terminate("from the UI");
  const first = await play.serviceState();
  expect(first.current?.announced).toMatchObject({ from: "a", to: "b" });

  const run = () => client.workflow.getHandle(serviceId(service)).describe();
  const { runId } = await run();
  await eventually(async () => ((await run()).runId === runId ? undefined : true), 60_000);
  expect((await play.serviceState()).history[0]).toMatchObject({ kind: "recovery", outcome: "unknown" });
  expect((await play.serviceState()).unfinished ?? (await play.serviceState()).current).toBeDefined();

  home.unreachable.clear();
  expect(await play.settled()).toMatchObject({ holder: "b" });
}, 120_000);
