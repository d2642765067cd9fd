import { expect, test } from "vitest";
import type { Report } from "../../model/evidence.ts";
import { REPORT_SIGNAL, serviceId } from "../../workflows/contract.ts";
import { eachPlay } from "./each-play.ts";
import { eventually } from "./harness.ts";
import type { Play } from "./harness.ts";

let play: Play;
eachPlay(async (begun) => {
  play = begun;
  await play.startService();
});

const service = () => play.client.workflow.getHandle(serviceId(play.service));
const report = (sign: Report["sign"]) =>
  service().signal<[Report]>(REPORT_SIGNAL, {
    service: play.service,
    observer: "here:1",
    at: new Date().toISOString(),
    sign,
    retained: false,
    detail: "Seen by a test.",
  });
const arm = () => play.order({ verb: "arm", by: "a test" });
const looks = () => play.home.calls.filter((call) => call.startsWith("examine")).length;
const trouble = async () => (await play.serviceState()).trouble;
const isOver = () => eventually(async () => ((await trouble()) === undefined ? true : undefined));

test("a service that is observed is not touched; what would have been done is told once", async () => {
  play.home.running.clear();
  await report("offline");
  const { wouldHave } = await eventually(async () => {
    const state = await play.serviceState();
    return state.wouldHave.length > 0 && looks() > 1 ? state : undefined;
  });
  expect(wouldHave.map(({ decision }) => decision.action)).toEqual(["restart"]);
  // Nothing was measured in this home yet.
  expect(wouldHave[0]?.outage.basis).toBe("default");
  expect(wouldHave[0]?.outage.ms).toBeGreaterThanOrEqual(20_000);
  expect(play.home.calls).not.toContain("restartInPlace a");
  expect(await trouble()).toMatchObject({ decision: { action: "restart" }, lost: { looks: looks() } });
}, 30_000);

test("what has ended is started again where it is, and the trouble is over", async () => {
  await arm();
  play.home.running.clear();
  await report("offline");
  await play.home.called("restartInPlace a");
  await isOver();
  expect((await play.serviceState()).restarts).toHaveLength(1);
}, 30_000);

test("what does not start again is taken over, and no other failover follows by itself", async () => {
  await arm();
  play.home.running.clear();
  play.home.watch.broken.add("a");
  await report("offline");
  const state = await play.settled();
  expect(state).toMatchObject({ holder: "b", history: [{ kind: "failover", outcome: "done" }] });
  expect(state.blocked?.because).toBe("Zigbee2MQTT does not run on a any more: a standby takes over.");

  await isOver();
  play.home.watch.gone.add("b");
  await report("offline");
  const asked = await eventually(async () =>
    (await trouble())?.decision.action === "askPerson" ? trouble() : undefined,
  );
  expect(asked?.decision.because).toContain("not taken over: Zigbee2MQTT does not run on a any more");
  expect((await play.serviceState()).history).toHaveLength(1);
}, 60_000);

test("row 15: firmware that hangs is reset in place, once, and the trouble is over", async () => {
  await arm();
  play.home.watch.canReset = true;
  play.home.watch.hung.add("a");
  await report("radio-silent");
  await play.home.called("restartInPlace a with a reset");
  await isOver();
  expect(await play.serviceState()).toMatchObject({ holder: "a", restarts: [expect.any(String)], history: [] });
}, 30_000);

test("row 15: what a reset does not mend is taken over, although we left it stopped ourselves", async () => {
  await arm();
  play.home.watch.canReset = true;
  play.home.watch.hung.add("a");
  play.home.watch.broken.add("a");
  await report("radio-silent");
  const state = await play.settled();
  expect(state).toMatchObject({ holder: "b", history: [{ kind: "failover", outcome: "done" }] });
  expect(state.blocked?.because).toBe("A's coordinator does not answer, not even after a reset: a standby takes over.");
  await isOver();
  expect(play.home.calls.filter((call) => call.startsWith("restartInPlace"))).toHaveLength(1);
}, 60_000);

test("row 15: firmware that hangs and cannot be reset is taken over without a restart", async () => {
  await arm();
  play.home.watch.hung.add("a");
  await report("radio-silent");
  expect((await play.settled()).holder).toBe("b");
  expect(play.home.calls.filter((call) => call.startsWith("restartInPlace"))).toEqual([]);
}, 60_000);

test("a host without power is taken over when it was seen so for as long as failover.after says", async () => {
  await arm();
  play.home.watch.gone.add("a");
  await report("offline");
  const state = await play.settled();
  expect(state).toMatchObject({ holder: "b", history: [{ kind: "failover", outcome: "done" }] });
  expect(looks()).toBeGreaterThan(1);
}, 30_000);

test("a failover that is refused is not asked for again and again", async () => {
  await arm();
  play.home.watch.gone.add("a");
  play.home.emergency.unfit = "its stick is not there";
  await report("offline");
  const state = await eventually(async () => {
    const now = await play.serviceState();
    return now.trouble?.decision.action === "askPerson" ? now : undefined;
  });
  expect(state.history).toHaveLength(1);
  expect(state.blocked).toBeUndefined();
  expect(state.trouble?.decision.because).toContain("refused");
}, 30_000);

test("row 13: a late will is put right, and then all is well", async () => {
  await arm();
  play.home.watch.stateIsWrong = true;
  await report("offline");
  await play.home.called("putStateRight");
  await eventually(async () => ((await play.serviceState()).trouble === undefined ? true : undefined));
  expect(play.home.calls).not.toContain("restartInPlace a");
}, 30_000);

test("while it is paused, or stopped by a person, nothing is done", async () => {
  await arm();
  await play.order({ verb: "pause", by: "anna" });
  play.home.running.clear();
  await report("offline");
  const seen = await eventually(trouble);
  expect(seen.decision).toMatchObject({ action: "warn" });
  expect(seen.decision.because).toContain("paused by anna");
  await play.order({ verb: "stopped", by: "anna" });
  const before = looks();
  await report("no-answer");
  await play.order({ verb: "resume", by: "anna" });
  expect({ looks: looks(), trouble: await trouble() }).toEqual({ looks: before, trouble: undefined });
  expect(play.home.calls).not.toContain("restartInPlace a");
}, 30_000);

test("a planned handover that has changed nothing yet makes way for the failover", async () => {
  await arm();
  play.home.hang.add("preflight");
  await play.start();
  await play.home.called("preflight");
  play.home.watch.gone.add("a");
  await report("offline");
  const state = await eventually(async () => {
    const now = await play.serviceState();
    return now.history[0]?.kind === "failover" && !now.current ? now : undefined;
  }, 45_000);
  expect(state.holder).toBe("b");
}, 60_000);

test("a healthy home adds nothing to history", async () => {
  const length = async () => (await service().describe()).historyLength;
  const before = await length();
  await play.home.called("readFacts");
  await report("healthy");
  await eventually(async () => ((await length()) > before ? true : undefined));
  expect(looks()).toBe(0);
}, 30_000);
