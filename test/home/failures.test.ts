import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Home } from "../../lab/home/home.ts";
import type { HomeNode } from "../../lab/home/node.ts";
import { until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { bringUpHandedOver } from "./support/handed-over.ts";
import type { HandedOver } from "./support/handed-over.ts";
import { expectReturned } from "./support/expect-returned.ts";
import { heldBy, stickMark } from "./support/held-by.ts";
import type { Held } from "./support/held-by.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

let at: HandedOver;
let lab: RunningHome;
let home: Home;
let active: HomeNode;
let standby: HomeNode;
/** What mends what a test has broken. */
let mend: () => unknown;
let before: Held;

beforeAll(async () => {
  at = await bringUpHandedOver();
  ({ lab, active, standby } = at);
  home = lab.home;
}, 400_000);
afterAll(() => lab?.stop());

beforeEach(() => {
  mend = () => undefined;
  before = heldBy(standby);
});
afterEach(async () => {
  await mend();
});

test("dumpNvram: what is read from the old coordinator makes no sense", async () => {
  mend = at.spoilPython(active, 'case "$*" in *nvram_read*) echo "{}"; exit 0 ;; esac');
  await expectReturned(at, lab.switchover(), {
    step: "dumpNvram",
    id: "COORDINATOR_UNREADABLE",
    node: active,
    what: /is not an NVRAM image/,
  });
  expectStandbyAsBefore();
}, 300_000);

test("transferFile: the connection to the standby breaks again and again", async () => {
  const handover = lab.switchover();
  await lab.stepBegan("dumpNvram");
  const severing = setInterval(() => standby.host.sever(), 20);
  mend = () => clearInterval(severing);
  await stepFailed("transferFile");
  mend();
  await expectReturned(at, handover, { step: "transferFile", node: standby, what: /./ });
  expectStandbyAsBefore();
}, 300_000);

test("restoreNvram: the standby's flash takes no writes", async () => {
  const handover = lab.switchover();
  await lab.stepBegan("restoreNvram");
  const failing = setInterval(() => standby.dongle.failWriteAfter(5), 5);
  mend = () => {
    clearInterval(failing);
    standby.dongle.failWriteAfter(0);
  };
  await expectReturned(at, handover, {
    step: "restoreNvram",
    id: "COORDINATOR_WRITE_FAILED",
    node: standby,
    what: /memory is damaged/,
  });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("restoreNvram: the standby's stick is pulled in the middle of a write", async () => {
  const handover = lab.switchover();
  await lab.stepBegan("restoreNvram");
  await until(() => !standby.dongle.inspect().configured, "the stick is being written");
  await standby.unplug();
  mend = () => standby.plug();
  await expectReturned(at, handover, {
    step: "restoreNvram",
    id: "COORDINATOR_MISSING",
    node: standby,
    what: /no coordinator at/,
  });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("applyConfig: what arrived on the standby is damaged on its disk", async () => {
  const handover = lab.switchover();
  await writingBegan();
  const archive = join(standby.stateDirectory, "generations", newestGeneration(standby), "data.tar");
  const bytes = readFileSync(archive);
  writeFileSync(archive, bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 16));
  await expectReturned(at, handover, {
    step: "applyConfig",
    id: "GENERATION_INVALID",
    node: standby,
    what: /data\.tar of generation \S+ is missing or damaged/,
  });
  expectStandbyAsBefore({ stick: "written" });
}, 300_000);

test("I2: startNode: the standby knows a higher epoch, so it is not started", async () => {
  const file = join(standby.stateDirectory, "epoch");
  const handover = lab.switchover();
  await writingBegan();
  writeFileSync(file, "1000\n");
  mend = () => rmSync(file);
  await expectReturned(at, handover, {
    step: "startNode",
    id: "EPOCH_SUPERSEDED",
    node: standby,
    what: /knows a higher epoch/,
  });
  expectStandbyAsBefore({ stick: "written" });
}, 300_000);

test("I6: cancelled in the middle of a write", async () => {
  const handover = lab.switchover();
  await writingBegan();
  await lab.temporal.workflow.getHandle("handover:zigbee").cancel();
  await expectReturned(at, handover, { step: "restoreNvram", id: "CANCELLED", node: standby, what: /was cancelled/ });
  expectStandbyAsBefore({ stick: "dirty" });
}, 300_000);

test("after all that the standby takes over as if nothing had been", async () => {
  const { code, report } = await lab.switchover();
  expect(report.message, standby.zigbee2mqtt.consoleTail()).toBe(`zigbee runs on ${standby.name}.`);
  expect(code).toBe(0);
  expect(stickMark(standby)?.state).toBe("clean");
  await serves(home, standby);
  await home.everyDeviceAnswersThrough(standby.name, { withinMs: 30_000 });
  nobodyNoticed(home);
}, 300_000);

/** Its files are as they were; its stick too, or it is known not to be and never started, or it is written and silent. */
function expectStandbyAsBefore({ stick = "untouched" }: { stick?: "untouched" | "dirty" | "written" } = {}): void {
  expect(heldBy(standby).files).toEqual(before.files);
  expect(standby.dongle.onAir).toBe(false);
  if (stick === "untouched") expect(heldBy(standby)).toEqual(before);
  else expect(stickMark(standby)?.state).toBe(stick === "dirty" ? "dirty" : "clean");
}

async function stepFailed(name: string): Promise<void> {
  await until(
    async () => (await lab.progress())?.steps.some((step) => step.name === name && step.state === "failed") === true,
    `${name} failed`,
  );
}

/** The standby's stick is about to be written: what arrived there has been checked before. */
async function writingBegan(): Promise<void> {
  await lab.stepBegan("restoreNvram");
  await until(() => {
    const mark = stickMark(standby);
    return mark?.state === "dirty" && mark.generation === newestGeneration(standby);
  }, "the write began");
}

function newestGeneration(node: HomeNode): string {
  return readdirSync(join(node.stateDirectory, "generations")).toSorted().at(-1) ?? "";
}
