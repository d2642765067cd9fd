import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { HomeNode } from "../../lab/home/node.ts";
import { until } from "./support/bring-up.ts";
import { handedOverForTests } from "./support/handed-over.ts";
import { expectReturned } from "./support/expect-returned.ts";
import { heldBy, stickMark } from "./support/held-by.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

const at = handedOverForTests();

test("dumpNvram: what is read from the old coordinator makes no sense", async () => {
  onTestFinished(at.spoilPython(at.active, 'case "$*" in *nvram_read*) echo "{}"; exit 0 ;; esac'));
  await expectReturned(at, at.lab.switchover(), {
    step: "dumpNvram",
    id: "COORDINATOR_UNREADABLE",
    node: at.active,
    what: /is not an NVRAM image/,
  });
  expectStandbyAsBefore();
}, 300_000);

test("transferFile: the connection to the standby breaks again and again", async () => {
  const handover = at.lab.switchover();
  await at.lab.stepBegan("dumpNvram");
  const severing = setInterval(() => at.standby.host.sever(), 20);
  onTestFinished(() => clearInterval(severing));
  await stepFailed("transferFile");
  clearInterval(severing);
  await expectReturned(at, handover, { step: "transferFile", node: at.standby, what: /./ });
  expectStandbyAsBefore();
}, 300_000);

test("restoreNvram: the standby's flash takes no writes", async () => {
  const handover = at.lab.switchover();
  await at.lab.stepBegan("restoreNvram");
  const failing = setInterval(() => at.standby.dongle.failWriteAfter(5), 5);
  onTestFinished(() => {
    clearInterval(failing);
    at.standby.dongle.failWriteAfter(0);
  });
  await expectReturned(at, handover, {
    step: "restoreNvram",
    id: "COORDINATOR_WRITE_FAILED",
    node: at.standby,
    what: /memory is damaged/,
  });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("restoreNvram: the standby's stick is pulled in the middle of a write", async () => {
  const handover = at.lab.switchover();
  await at.lab.stepBegan("restoreNvram");
  await until(() => !at.standby.dongle.inspect().configured, "the stick is being written");
  await at.standby.unplug();
  onTestFinished(() => at.standby.plug());
  await expectReturned(at, handover, {
    step: "restoreNvram",
    id: "COORDINATOR_MISSING",
    node: at.standby,
    what: /no coordinator at/,
  });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("applyConfig: what arrived on the standby is damaged on its disk", async () => {
  const handover = at.lab.switchover();
  await writingBegan();
  const archive = join(at.standby.stateDirectory, "generations", newestGeneration(at.standby), "data.tar");
  const bytes = readFileSync(archive);
  writeFileSync(archive, bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 16));
  await expectReturned(at, handover, {
    step: "applyConfig",
    id: "GENERATION_INVALID",
    node: at.standby,
    what: /data\.tar of generation \S+ is missing or damaged/,
  });
  expectStandbyAsBefore({ stick: "written" });
}, 300_000);

test("I2: startNode: the standby knows a higher epoch, so it is not started", async () => {
  const file = join(at.standby.stateDirectory, "epoch");
  const handover = at.lab.switchover();
  await writingBegan();
  writeFileSync(file, "1000\n");
  onTestFinished(() => rmSync(file));
  await expectReturned(at, handover, {
    step: "startNode",
    id: "EPOCH_SUPERSEDED",
    node: at.standby,
    what: /knows a higher epoch/,
  });
  expectStandbyAsBefore({ stick: "written" });
}, 300_000);

test("I6: cancelled in the middle of a write", async () => {
  const handover = at.lab.switchover();
  await writingBegan();
  await at.lab.temporal.workflow.getHandle("handover:zigbee").cancel();
  await expectReturned(at, handover, {
    step: "restoreNvram",
    id: "CANCELLED",
    node: at.standby,
    what: /was cancelled/,
  });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("after all that the standby takes over as if nothing had been", async () => {
  const { code, report } = await at.lab.switchover();
  expect(report.message, at.standby.zigbee2mqtt.consoleTail()).toBe(`zigbee runs on ${at.standby.name}.`);
  expect(code).toBe(0);
  expect(stickMark(at.standby)?.state).toBe("clean");
  await serves(at.lab.home, at.standby);
  await at.lab.home.everyDeviceAnswersThrough(at.standby.name, { withinMs: 30_000 });
  nobodyNoticed(at.lab.home);
}, 300_000);

/** Its files are as they were; its stick too, or it is known not to be and never started, or it is written and silent. */
function expectStandbyAsBefore({ stick = "untouched" }: { stick?: "untouched" | "dirty" | "written" } = {}): void {
  expect(heldBy(at.standby).files).toEqual(at.before.files);
  expect(at.standby.dongle.onAir).toBe(false);
  if (stick === "untouched") expect(heldBy(at.standby)).toEqual(at.before);
  else expect(stickMark(at.standby)?.state).toBe(stick === "dirty" ? "dirty" : "clean");
}

async function stepFailed(name: string): Promise<void> {
  await until(
    async () => (await at.lab.progress())?.steps.some((step) => step.name === name && step.state === "failed") === true,
    `${name} failed`,
  );
}

/** The standby's stick is about to be written: what arrived there has been checked before. */
async function writingBegan(): Promise<void> {
  await at.lab.stepBegan("restoreNvram");
  await until(() => {
    const mark = stickMark(at.standby);
    return mark?.state === "dirty" && mark.generation === newestGeneration(at.standby);
  }, "the write began");
}

function newestGeneration(node: HomeNode): string {
  return readdirSync(join(node.stateDirectory, "generations")).toSorted().at(-1) ?? "";
}
