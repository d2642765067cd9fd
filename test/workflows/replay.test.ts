import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DefaultLogger, Runtime, Worker, bundleWorkflowCode, makeTelemetryFilterString } from "@temporalio/worker";
import type { WorkflowBundleOption } from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workflowsPath } from "../../workers/worker.ts";
import { readHistories } from "./histories.ts";
import type { Recorded } from "./histories.ts";

// That a history does not fit is what is looked for here.
Runtime.install({
  logger: new DefaultLogger("ERROR"),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: "ERROR" }) } },
});

const ROOT = join(import.meta.dirname, "../..");

let copy: string;
let histories: readonly Recorded[];
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "understudy-replay-"));
  histories = await readHistories();
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** What went wrong in the replay of each history, undefined where nothing did. */
async function replay(workflowBundle: WorkflowBundleOption): Promise<Record<string, Error | undefined>> {
  const errors: Record<string, Error | undefined> = {};
  const names = new Map(
    histories.map(({ name, history }) => [
      history.events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId,
      name,
    ]),
  );
  for await (const { runId, error } of Worker.runReplayHistories({ workflowBundle }, histories))
    errors[names.get(runId) ?? runId] = error;
  return errors;
}

test("the workflows as they are now go on with every handover that was recorded", async () => {
  const errors = await replay(await bundleWorkflowCode({ workflowsPath: workflowsPath() }));
  expect(histories.length).toBeGreaterThan(15);
  expect(Object.keys(errors).toSorted()).toEqual(histories.map(({ name }) => name));
  expect(Object.entries(errors).filter(([, error]) => error)).toEqual([]);
}, 60_000);

test("a changed order of steps is found", async () => {
  for (const folder of ["workflows", "model"]) await cp(join(ROOT, folder), join(copy, folder), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const file = join(copy, "workflows/switchover.ts");
  const text = await readFile(file, "utf8");
  const swapped = text
    .replace("onNode.stopNode(oldNode)", "onNode.dumpNvram(oldNode)")
    .replace("() => onNode.dumpNvram(oldNode),", "() => onNode.stopNode(oldNode),");
  expect(swapped).not.toBe(text);
  await writeFile(file, swapped);

  const errors = await replay(await bundleWorkflowCode({ workflowsPath: join(copy, "workflows/index.ts") }));
  expect(errors["switchover-done"]).toBeInstanceOf(DeterminismViolationError);
  expect(errors["switchover-cancelled"]).toBeInstanceOf(DeterminismViolationError);
  expect(errors["switchover-refused"]).toBeUndefined();
}, 60_000);
