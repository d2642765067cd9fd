import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHome, run } from "./command.ts";
import type { Home } from "./command.ts";

let home: Home;

beforeAll(async () => {
  home = await createHome();
});

afterAll(async () => {
  await home.remove();
});

async function file(...lines: string[]): Promise<string> {
  const path = join(home.directory, "other.yaml");
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}

test("config check --offline accepts a correct file without asking a node", async () => {
  const ran = await run(home, "config", "check", "--offline");
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain("is in order; the nodes were not asked");
});

test("config check tells each mistake with file and line, and as data with -o json", async () => {
  const path = await file("services:", "  zigbee:", "    nodes: [pi@10.0.0.2]", "    nonsense: 1");
  const ran = await run(home, "-c", path, "config", "check");
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain(`${path}:3:`);
  expect(ran.stdout).toContain(`${path}:4:`);
  const json = JSON.parse((await run(home, "-c", path, "config", "check", "-o", "json")).stdout) as {
    problems: { line: number }[];
    exitCode: number;
  };
  expect(json.problems.map(({ line }) => line)).toEqual([3, 4]);
  expect(json.exitCode).toBe(1);
});

test("config check names a node that cannot be reached, and exits with 1", async () => {
  const path = await file("services:", "  zigbee:", "    node: { port: 1 }", "    nodes: [pi@127.0.0.2, pi@127.0.0.3]");
  const ran = await run(home, "-c", path, "config", "check", "-o", "json");
  expect(ran.code).toBe(1);
  const { services } = JSON.parse(ran.stdout) as { services: { ok: boolean; error: { id: string; what: string } }[] };
  expect(services).toHaveLength(1);
  expect(services[0]?.ok).toBe(false);
  expect(services[0]?.error.what).toMatch(/^127\.0\.0\.[23]: /);
});

test("config show fills in defaults and never shows a secret", async () => {
  const path = await file(
    "services:",
    "  zigbee:",
    "    node: { user: pi, sudoPassword: hunter2, ssh: { passphrase: correct-horse } }",
    "    mqtt: { password: battery-staple }",
    "    nodes: [pi@10.0.0.2, pi@10.0.0.3]",
    "temporal: { address: 'temporal.example:7233', apiKey: my-api-key }",
  );
  for (const format of ["table", "json"]) {
    const ran = await run(home, "-c", path, "config", "show", "-o", format);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("10.0.0.3");
    expect(ran.stdout).toContain("keepGenerations");
    expect(ran.stdout + ran.stderr).not.toMatch(/hunter2|correct-horse|battery-staple|my-api-key/);
  }
});

test("the file is found through --config, then $UNDERSTUDY_CONFIG, then the working directory", async () => {
  const path = await file("services:", "  locks:", "    nodes: [pi@10.0.0.2, pi@10.0.0.3]");
  expect((await run(home, "-c", path, "config", "show")).stdout).toContain("locks");
  expect((await run(home, "config", "show")).stdout).toContain("zigbee");
});
