import { Client, Connection } from "@temporalio/client";
import { afterAll, describe, expect, test } from "vitest";
import { startSwitchover } from "../../triggers/manual.ts";
import { Command, run } from "./command.ts";
import type { Home } from "./command.ts";
import { runningHome } from "./running-home.ts";

let home: Home;
let client: Client;
runningHome(async (begun) => {
  home = begun;
  client = new Client({ connection: await Connection.connect({ address: begun.address }) });
});
afterAll(async () => {
  await client?.connection.close();
});

interface Report {
  readonly outcome: string;
  readonly exitCode: number;
  readonly workflowId: string;
  readonly runId: string;
  readonly message: string;
  readonly steps: readonly unknown[];
}

function parse(stdout: string): Report {
  return JSON.parse(stdout) as Report;
}

describe("exit codes", () => {
  test.each([
    ["done", 0],
    ["refused", 2],
    ["returned", 3],
    ["failed", 4],
    ["unknown", 5],
  ])("a switchover that ends as %s exits with %i", async (outcome, code) => {
    const ran = await run(home, "switchover", "--yes", "-o", "json", "--reason", `outcome=${outcome} steps=1`);
    expect(ran.code).toBe(code);
    expect(parse(ran.stdout)).toMatchObject({
      outcome,
      exitCode: code,
      workflowId: "handover:zigbee",
      from: "node1",
      to: "node2",
    });
  });

  test("a rehearsal needs no confirmation and exits with 0", async () => {
    const ran = await run(home, "switchover", "--rehearse", "-o", "json");
    expect(ran.code).toBe(0);
    expect(parse(ran.stdout).outcome).toBe("rehearsed");
  });

  test("a result that is no report is unknown, never success", async () => {
    const ran = await run(home, "switchover", "--yes", "-o", "json", "--reason", "outcome=nothing");
    expect(ran.code).toBe(5);
    expect(parse(ran.stdout).outcome).toBe("unknown");
  });

  test("a handover that the lock refused under another id exits with 6", async () => {
    const ran = await run(home, "switchover", "--yes", "--reason", "outcome=busy steps=0");
    expect(ran.code).toBe(6);
  });

  test("one that is terminated from outside is unknown, with what to do", async () => {
    const command = new Command(home, ["switchover", "--yes", "--reason", "steps=100"]);
    await command.says("done  Stop the service");
    await client.workflow.getHandle("handover:zigbee").terminate("somebody pressed it");
    const ran = await command.ended;
    expect(ran.code).toBe(5);
    expect(ran.stdout).toContain("terminated from outside");
    expect(ran.stdout).toContain("Next: nothing by hand yet");
  });

  test("one that is cancelled and leaves no report is unknown", async () => {
    const command = new Command(home, ["switchover", "--yes", "-o", "json", "--reason", "steps=100"]);
    await command.says("Stop the service");
    await client.workflow.getHandle("handover:zigbee").cancel();
    const ran = await command.ended;
    expect(ran.code).toBe(5);
    expect(parse(ran.stdout)).toMatchObject({ outcome: "unknown", exitCode: 5 });
  });

  test("wrong usage and a wrong configuration exit with 1", async () => {
    expect((await run(home, "switchover", "nonsense", "--yes")).code).toBe(1);
    expect((await run(home, "switchover", "--to", "nobody", "--yes")).code).toBe(1);
    expect((await run(home, "switchover", "--nonsense")).code).toBe(1);
    const missing = await run(home, "-c", "missing.yaml", "status");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("missing.yaml");
  });

  test("without a terminal it is refused unless --yes is given", async () => {
    const ran = await run(home, "switchover");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("--yes");
  });

  test("Temporal that cannot be reached exits with 7, and with one JSON object", async () => {
    const ran = await run(home, "--address", "127.0.0.1:1", "switchover", "--yes", "-o", "json");
    expect(ran.code).toBe(7);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { id: "TEMPORAL_UNREACHABLE" }, exitCode: 7 });
  });
});

test("the server is named by flag, then Temporal's environment, then understudy.yaml or the own one", async () => {
  const env = { TEMPORAL_ADDRESS: "127.0.0.1:1" };
  const ran = await new Command(home, ["status"], env).ended;
  expect(ran.code).toBe(7);
  expect(ran.stderr).toContain("127.0.0.1:1 (named by: Temporal's environment variables or profile)");
  expect((await new Command(home, ["--address", home.address, "status"], env).ended).code).toBe(0);
});

describe("what people see", () => {
  test("without a terminal: a line for each step as it ends, then the table and the outcome", async () => {
    const ran = await run(home, "switchover", "--yes", "--to", "node2", "--reason", "steps=3");
    expect(ran.stdout).toMatch(/^Switchover of zigbee: handover:zigbee, run [0-9a-f-]{36}$/m);
    expect(ran.stdout.match(/^\d\d:\d\d:\d\d {2}done {2}.* node1 {2}0\.3 s {2}as expected$/gm)).toHaveLength(3);
    expect(ran.stdout).toMatch(/\| Stop the service +\| node1 \| 0\.3 s \| done +\|/);
    expect(ran.stdout).toContain("zigbee runs on node2.");
    expect(ran.stdout).toContain("Outage: 1.2 s");
    expect(ran.stdout).toContain("Outcome: done (exit code 0)");
    expect(ran.stderr).toBe("");
  });

  test("a refusal names the check and how to mend it", async () => {
    const ran = await run(home, "switchover", "--yes", "--reason", "outcome=refused steps=0");
    expect(ran.stdout).toContain("node2: Zigbee2MQTT runs on the standby. (check standby-stopped)");
    expect(ran.stdout).toContain("Next: stop it there.");
  });

  test("with -o json standard output is one object, and people read standard error", async () => {
    const ran = await run(home, "switchover", "--yes", "-o", "json", "--reason", "steps=2");
    expect(parse(ran.stdout).steps).toHaveLength(2);
    expect(ran.stderr).toContain("done  Stop the service");
  });

  test("leaving off never ends the handover", async () => {
    const command = new Command(home, ["switchover", "--yes", "--reason", "steps=8"]);
    await command.says("done  Stop the service");
    command.child.kill("SIGINT");
    const ran = await command.ended;
    expect(ran.code).toBe(5);
    expect(ran.stdout).toContain("the handover goes on");
    const runId = /understudy wait ([0-9a-f-]{36})/.exec(ran.stdout)?.[1] ?? "";
    const waited = await run(home, "wait", runId, "-o", "json");
    expect(waited.code).toBe(0);
    expect(parse(waited.stdout)).toMatchObject({ outcome: "done", runId });
  });
});

describe("--detach and wait", () => {
  test("prints the ids and does not wait", async () => {
    const ran = await run(home, "switchover", "--yes", "--detach", "--reason", "steps=40");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^handover:zigbee [0-9a-f-]{36}\n$/);
    const [workflowId = ""] = ran.stdout.split(" ");
    expect((await client.workflow.getHandle(workflowId).describe()).status.name).toBe("RUNNING");
    const waited = await run(home, "wait", workflowId);
    expect(waited.code).toBe(0);
    expect(waited.stdout).toContain("Outcome: done");
  });

  test("wait tells how a closed one ended, by workflow id, run id or service", async () => {
    const { runId } = parse(
      (await run(home, "switchover", "--yes", "-o", "json", "--reason", "outcome=returned steps=1")).stdout,
    );
    for (const id of [runId, "handover:zigbee", "zigbee"]) {
      expect((await run(home, "wait", id)).code, id).toBe(3);
    }
  });

  test("wait for something that Temporal does not know exits with 1", async () => {
    expect((await run(home, "wait", "handover:nothing")).code).toBe(1);
    expect((await run(home, "wait", "00000000-0000-0000-0000-000000000000")).code).toBe(1);
  });
});

test("a second switchover is told which is running, and exits with 6", async () => {
  const first = await run(home, "switchover", "--yes", "--detach", "-o", "json", "--reason", "steps=40");
  const { runId } = parse(first.stdout);
  const second = await run(home, "switchover", "--yes");
  expect(second.code).toBe(6);
  expect(second.stderr).toContain(runId);
  const third = await run(home, "switchover", "--yes", "-o", "json");
  expect(JSON.parse(third.stdout)).toMatchObject({
    error: { id: "HANDOVER_IN_PROGRESS" },
    exitCode: 6,
    running: { workflowId: "handover:zigbee", runId, from: "node1", to: "node2" },
  });
  const status = await run(home, "status");
  expect(status.stdout).toMatch(/node1 \| 127\.0\.0\.2 \| active +\| hands over/);
  expect(status.stdout).toContain("understudy wait handover:zigbee");
  await run(home, "wait", runId);
});

test("in the Temporal UI the run is told in words, however long the reason", async () => {
  const handle = await startSwitchover(client, {
    service: "zigbee",
    to: "node2",
    reason: `outcome=done steps=0 ${"ü".repeat(600)}`,
  });
  await handle.result();
  const { staticSummary, staticDetails } = await handle
    .describe()
    .then(async (it) => ({ staticSummary: await it.staticSummary(), staticDetails: await it.staticDetails() }));
  expect(staticSummary).toMatch(/^Switchover of zigbee to node2: outcome=done steps=0 ü+…$/);
  expect(Buffer.byteLength(staticSummary ?? "")).toBeLessThanOrEqual(400);
  expect(staticDetails).toContain("by hand");
});

test("status and history show what the service workflow knows", async () => {
  const status = await run(home, "status");
  expect(status.code).toBe(0);
  expect(status.stdout).toMatch(/\| zigbee +\| node1 \| 127\.0\.0\.2 \| active +\| serves/);
  expect(status.stdout).toMatch(/\| +\| node2 \| 127\.0\.0\.3 \| standby \| stands by/);
  const json = JSON.parse((await run(home, "status", "-o", "json")).stdout) as unknown;
  expect(json).toMatchObject({
    worker: true,
    services: [{ service: "zigbee", known: true, holder: "node1", epoch: 3 }],
    exitCode: 0,
  });
  const history = await run(home, "history");
  expect(history.code).toBe(0);
  expect(history.stdout).toMatch(/switchover \| node2 \| node1 \| done +\| 12\.3 s \| a try/);
});

test("a service that Temporal does not know yet is unknown, not fine", async () => {
  const ran = await run(home, "-c", await otherHome(), "--address", home.address, "status", "-o", "json");
  expect(ran.code).toBe(5);
  expect(JSON.parse(ran.stdout)).toMatchObject({ services: [{ service: "locks", known: false }], exitCode: 5 });
});

test("the running server is found without any configuration", async () => {
  const env = { UNDERSTUDY_CONFIG: undefined, UNDERSTUDY_DATA: `${home.directory}/data` };
  const bare = new Command(home, ["wait", "zigbee"], env, "/");
  expect((await bare.ended).code).toBe(0);
});

async function otherHome(): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  const file = `${home.directory}/locks.yaml`;
  await writeFile(file, "services:\n  locks:\n    nodes: [pi@127.0.0.2, pi@127.0.0.3]\n");
  return file;
}
