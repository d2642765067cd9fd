import { describe, expect, test } from "vitest";
import { run } from "./command.ts";
import type { Home } from "./command.ts";
import { runningHome } from "./running-home.ts";

let home: Home;
runningHome((begun) => {
  home = begun;
});

async function status(): Promise<{ text: string; service: Record<string, unknown> }> {
  const [text, json] = [await run(home, "status"), await run(home, "status", "-o", "json")];
  const { services } = JSON.parse(json.stdout) as { services: [Record<string, unknown>] };
  return { text: text.stdout, service: services[0] };
}

test("arm and observe are told by status", async () => {
  expect((await status()).text).toContain("zigbee: observes only, and does nothing by itself (understudy arm)");
  const armed = await run(home, "arm");
  expect(armed).toMatchObject({ code: 0, stdout: expect.stringContaining("zigbee is armed") });
  const { text, service } = await status();
  expect(text).toContain("zigbee: armed");
  expect(service).toMatchObject({ mode: "armed" });
  expect((await run(home, "observe")).code).toBe(0);
  expect((await status()).service).toMatchObject({ mode: "observe" });
});

describe("pause", () => {
  test("says who, why and until when, and resume ends it", async () => {
    const paused = await run(home, "pause", "--for", "2h", "--reason", "new SD card");
    expect(paused).toMatchObject({ code: 0, stdout: expect.stringMatching(/^zigbee is paused until \d{4}-/) });
    const { text, service } = await status();
    expect(text).toMatch(/zigbee: paused by \S+@\S+ \d+ s ago, until [\d -]+:\d\d:\d\d \(new SD card\)/);
    const { since, until } = service["paused"] as { since: string; until: string };
    expect(Date.parse(until) - Date.parse(since)).toBeLessThanOrEqual(7_200_000);
    const resumed = await run(home, "resume", "-o", "json");
    expect(JSON.parse(resumed.stdout)).toMatchObject({ service: "zigbee", ordered: "resume", exitCode: 0 });
    expect((await status()).service["paused"]).toBeUndefined();
  });

  test.each([
    [["--for", "tomorrow"], "no length of time"],
    [["--until", "soon"], "no date and time"],
    [["--until", "2020-01-01T00:00"], "has passed"],
    [["--for", "1h", "--until", "2099-01-01"], "not both"],
  ])("%j is wrong usage", async (flags, words) => {
    const ran = await run(home, "pause", ...flags);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(words);
  });
});

describe("standby and online", () => {
  test("take a node out and in again", async () => {
    const out = await run(home, "standby", "node2", "--reason", "loud fan");
    expect(out).toMatchObject({ code: 0, stdout: expect.stringContaining("node2 is taken out") });
    const { text, service } = await status();
    expect(text).toMatch(/node2 \| 127\.0\.0\.3 \| standby \| taken out/);
    expect(text).toContain("zigbee: node2 taken out by");
    expect(service["nodes"]).toMatchObject([{ node: "node1" }, { node: "node2", takenOut: { reason: "loud fan" } }]);
    expect((await run(home, "online", "node2")).code).toBe(0);
    expect((await status()).text).toContain("stands by");
  });

  test("an active node is not taken out without a yes, and hands over first with one", async () => {
    const refused = await run(home, "standby", "node1", "-o", "json");
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { id: "NODE_ACTIVE" } });
    // The stub's handovers leave the holder where it is, so the order after it is refused by the service's own rule.
    const handed = await run(home, "standby", "node1", "--yes");
    expect(handed.stdout).toContain("Outcome: done");
    expect(handed.stderr).toContain("Refused, nothing was changed: node1 is the active node");
    expect(handed.code).toBe(2);
  });

  test("a node that is not configured is wrong usage", async () => {
    expect((await run(home, "standby", "node9")).code).toBe(1);
  });
});

describe("the service where it is", () => {
  test.each(["stop", "restart"])("%s asks first, and is a durable run with an outcome", async (verb) => {
    const unasked = await run(home, "service", verb);
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toContain("--yes");
    const ran = await run(home, "service", verb, "--yes", "--reason", "steps=1", "-o", "json");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ kind: verb, outcome: "done", workflowId: "handover:zigbee" });
  });

  test("start needs no question, and its failure is its exit code", async () => {
    expect((await run(home, "service", "start", "--reason", "steps=1")).stdout).toContain(
      "Start of zigbee: handover:zigbee",
    );
    expect((await run(home, "service", "start", "--reason", "outcome=failed steps=1")).code).toBe(4);
  });

  test("adopt asks only where a person's word counts", async () => {
    expect((await run(home, "adopt")).code).toBe(0);
    expect((await run(home, "adopt", "--holder", "node2")).code).toBe(1);
    expect((await run(home, "adopt", "--holder", "node2", "--yes", "-o", "json")).stdout).toContain('"to": "node2"');
    expect((await run(home, "adopt", "--holder", "node9", "--yes")).code).toBe(1);
  });
});

test("reinit asks, throws the copy away and reports the sync that makes it anew", async () => {
  expect((await run(home, "reinit", "node2")).code).toBe(1);
  const ran = await run(home, "reinit", "node2", "--yes", "-o", "json");
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: "updated", standbys: [{ node: "node2", ok: true }] });
});

test("acknowledge is an order like the others", async () => {
  expect(await run(home, "acknowledge")).toMatchObject({ code: 0, stdout: expect.stringContaining("Acknowledged") });
});

test("without a worker nobody takes an order, which is said at once", async () => {
  const ran = await run(home, "-c", await otherQueue(), "--address", home.address, "arm", "-o", "json");
  expect(ran.code).toBe(2);
  expect(JSON.parse(ran.stdout)).toMatchObject({ error: { id: "NO_WORKER" }, exitCode: 2 });
});

async function otherQueue(): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  const file = `${home.directory}/other-queue.yaml`;
  const service = "services:\n  zigbee:\n    nodes: [pi@127.0.0.2, pi@127.0.0.3]\n";
  await writeFile(file, `${service}temporal: { taskQueue: nobody-here }\n`);
  return file;
}
