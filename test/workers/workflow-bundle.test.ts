import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundleFile, workflowBundle } from "../../workers/workflow-bundle.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-bundle-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("is made where there is none, holds the product's workflows only, and is used as it is from then on", async () => {
  const old = join(directory, "workflow-bundle-0123456789abcdef.js");
  writeFileSync(old, "of other sources");
  utimesSync(old, 0, 0);
  const made = await workflowBundle(directory);
  expect(made).toEqual({ codePath: bundleFile(directory) });
  expect(readdirSync(directory)).toEqual([basename(bundleFile(directory))]);

  const code = readFileSync(bundleFile(directory), "utf8");
  const sources = sourcesOf(code).filter((source) => source.startsWith("/") && !source.includes("/node_modules/"));
  expect(sources.length).toBeGreaterThan(20);
  // Whatever else it were made of, a change there would not be noticed.
  expect(sources.filter((source) => !/\/(workflows|model)\//.test(source))).toEqual([]);

  const { mtimeMs } = statSync(bundleFile(directory));
  expect(await workflowBundle(directory)).toEqual(made);
  expect(statSync(bundleFile(directory)).mtimeMs).toBe(mtimeMs);
});

test("where it cannot be written, the worker bundles by itself", async () => {
  const file = join(directory, "not-a-directory");
  writeFileSync(file, "");
  expect(await workflowBundle(join(file, "below"))).toBeUndefined();
});

function sourcesOf(code: string): readonly string[] {
  const [, encoded = ""] = code.slice(code.lastIndexOf("//# sourceMappingURL=")).split("base64,");
  return (JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as { sources: string[] }).sources;
}
