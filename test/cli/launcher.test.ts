import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LAUNCHER } from "./command.ts";

const execute = promisify(execFile);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-launcher-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Runs the launcher under a Node that claims to be another. */
async function runAs(version: string): Promise<{ code: number; stderr: string }> {
  const disguise = join(directory, "disguise.cjs");
  await writeFile(
    disguise,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: ${JSON.stringify(version)} } });`,
  );
  try {
    const { stderr } = await execute(process.execPath, ["--require", disguise, LAUNCHER, "--version"]);
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, stderr };
  }
}

test("an old Node gets a sentence with what to do", async () => {
  for (const version of ["18.20.0", "20.20.2", "22.11.0"]) {
    const { code, stderr } = await runAs(version);
    expect(code, version).toBe(1);
    expect(stderr).toContain(`Node.js ${version} is too old`);
    expect(stderr).toContain("Next: install Node.js");
  }
});

test("a new one runs it", async () => {
  expect(await runAs("22.12.0")).toMatchObject({ code: 0, stderr: "" });
  expect(await runAs("24.0.0")).toMatchObject({ code: 0, stderr: "" });
});

test("--help of each verb tells the exit codes", async () => {
  for (const verb of [
    ["start"],
    ["switchover"],
    ["wait"],
    ["status"],
    ["history"],
    ["config", "check"],
    ["config", "show"],
  ]) {
    const { stdout } = await execute(process.execPath, [LAUNCHER, ...verb, "--help"]);
    expect(stdout, verb.join(" ")).toMatch(/Exit codes:\n {2}0 {2}done/);
  }
});
