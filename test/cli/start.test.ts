import { createServer } from "node:net";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import { afterEach, expect, test } from "vitest";
import { Command, createHome, groupMembers, run, startFile, until } from "./command.ts";
import type { Home } from "./command.ts";

const homes: Home[] = [];
const commands: Command[] = [];

afterEach(async () => {
  for (const command of commands.splice(0)) {
    if (command.child.exitCode === null && command.child.signalCode === null) await command.stop();
  }
  for (const home of homes.splice(0)) await home.remove();
});

async function newHome(temporal: Record<string, unknown> = {}): Promise<Home> {
  const home = await createHome(temporal);
  homes.push(home);
  return home;
}

async function startIn(home: Home, ...args: string[]): Promise<Command> {
  const command = new Command(home, ["start", ...args]);
  commands.push(command);
  await command.says(args.includes("json") ? '"ready": true' : "Ready");
  return command;
}

async function isGone(leader: number): Promise<boolean> {
  return (await groupMembers(leader)).length === 0;
}

test("start brings up server, worker and the service workflows; Ctrl-C ends all and leaves nothing", async () => {
  const home = await newHome();
  const start = await startIn(home);
  expect(start.stdout).toContain(`its UI at http://127.0.0.1:${home.uiPort}`);
  expect((await fetch(`http://127.0.0.1:${home.uiPort}/`)).ok).toBe(true);
  const { children } = await startFile(home);

  const connection = await Connection.connect({ address: home.address });
  const client = new Client({ connection });
  const described = await client.workflowService.describeNamespace({ namespace: "default" });
  expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: "default" });
  expect(Object.keys(customAttributes ?? {})).toEqual(
    expect.arrayContaining(["UnderstudyService", "UnderstudyNode", "UnderstudyOutcome"]),
  );
  expect((await client.workflow.getHandle("service:zigbee").describe()).status.name).toBe("RUNNING");
  await connection.close();

  const asked = Date.now();
  start.child.kill("SIGINT");
  const ran = await start.ended;
  expect(ran.code).toBe(0);
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect(await isGone(children.server.pid)).toBe(true);
  expect(await isGone(children.worker.pid)).toBe(true);
  expect(await readdir(join(home.directory, "data"))).toEqual(expect.not.arrayContaining(["start.json"]));
});

test("a second start says that the first is running, and changes nothing", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const second = await run(home, "start");
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`already running`);
  expect(second.stderr).toContain(`process ${start.child.pid}`);
  expect((await run(home, "status")).code).toBe(0);
});

test("a worker and a server that are killed are started again, and the state survives", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const before = await startFile(home);

  process.kill(-before.children.worker.pid, "SIGKILL");
  await start.says("The worker was ended by SIGKILL; starting it again in 0.5 s.");
  await start.says("The worker serves again.");
  expect((await run(home, "switchover", "--yes", "--reason", "steps=1")).code).toBe(0);

  const watching = new Command(home, ["switchover", "--yes", "--reason", "steps=30"]);
  await watching.says("done  Stop the service");
  process.kill(-before.children.server.pid, "SIGKILL");
  await start.says("Temporal's server serves again.");
  const ran = await watching.ended;
  expect(ran.stdout + ran.stderr).toContain("Outcome: done");
  expect(ran.code).toBe(0);
});

test("a program that is killed alone, under its leash, is started again too", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const { children } = await startFile(home);
  const worker = await childOf(children.worker.pid);
  process.kill(worker, "SIGKILL");
  await start.says("The worker was ended by signal 9");
  await start.says("The worker serves again.");
  expect(await isGone(children.worker.pid)).toBe(true);
});

test("a start that is killed leaves no process behind, and the next one begins at once", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const { children } = await startFile(home);
  expect((await run(home, "switchover", "--yes", "--detach", "--reason", "steps=1")).code).toBe(0);

  start.child.kill("SIGKILL");
  await start.ended;
  await startIn(home);
  expect(await isGone(children.server.pid)).toBe(true);
  expect(await isGone(children.worker.pid)).toBe(true);
  expect((await run(home, "wait", "zigbee")).code).toBe(0);
});

test("the children of a killed start end by themselves", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const { children } = await startFile(home);
  start.child.kill("SIGKILL");
  await start.ended;
  await until(() => isGone(children.worker.pid), "the worker is gone", 15_000);
  await until(() => isGone(children.server.pid), "the server is gone", 15_000);
});

test("a port that another program has is named", async () => {
  const home = await newHome();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(Number(home.address.split(":")[1]), "127.0.0.1", resolve));
  const ran = await run(home, "start");
  await new Promise((resolve) => other.close(resolve));
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`Port ${home.address.split(":")[1]}`);
  expect(ran.stderr).toContain("temporal.port");
});

test("without Temporal's program it says how to get it", async () => {
  const home = await newHome();
  const command = new Command(home, ["start"], { UNDERSTUDY_TEMPORAL: join(home.directory, "nowhere") });
  const ran = await command.ended;
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("UNDERSTUDY_TEMPORAL");
});

test("a server that ends at once is reported with its log", async () => {
  const home = await newHome();
  const broken = join(home.directory, "temporal");
  await writeFile(broken, "#!/bin/sh\necho this is why\nexit 3\n", { mode: 0o700 });
  const ran = await new Command(home, ["start"], { UNDERSTUDY_TEMPORAL: broken }).ended;
  expect(ran.code).toBe(7);
  expect(ran.stderr).toContain("temporal.log");
  expect(await readFile(join(home.directory, "data", "temporal.log"), "utf8")).toContain("this is why");
});

test("with an address it runs only the worker, on that server", async () => {
  const cluster = await newHome();
  await startIn(cluster);
  const home = await newHome({ address: cluster.address });
  const start = await startIn(home, "-o", "json");
  expect(JSON.parse(start.stdout)).toMatchObject({ ready: true, address: cluster.address, services: ["zigbee"] });
  expect(Object.keys((await startFile(home)).children)).toEqual(["worker"]);
  expect((await start.stop()).code).toBe(0);
  expect((await run(cluster, "status")).code).toBe(0);
});

test("without a worker a handover waits, and the command says so", async () => {
  const home = await newHome();
  const start = await startIn(home);
  await start.stop();
  const bare = new Command(home, ["start"], { UNDERSTUDY_WORKER: await idleWorker(home) });
  commands.push(bare);
  await until(async () => (await run(home, "--address", home.address, "status")).code !== 7, "the server answers");
  const command = new Command(home, ["--address", home.address, "switchover", "--yes", "--reason", "steps=1"]);
  await command.says("No worker is running");
  command.child.kill("SIGTERM");
  expect((await command.ended).code).toBe(5);
});

test("Temporal that goes away and stays away leaves the outcome unknown", async () => {
  const home = await newHome();
  const start = await startIn(home);
  const command = new Command(home, ["switchover", "--yes", "--patience", "3", "--reason", "steps=100", "-o", "json"]);
  await command.says("done  Stop the service");
  await start.stop();
  const ran = await command.ended;
  expect(ran.code).toBe(5);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    outcome: "unknown",
    exitCode: 5,
    message: expect.stringContaining("no longer answers") as string,
  });
});

/** A worker program that does nothing. */
async function idleWorker(home: Home): Promise<string> {
  const program = join(home.directory, "idle.mjs");
  await writeFile(program, "setInterval(() => {}, 1000);\n");
  return program;
}

async function childOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return Number(children.split(" ")[0]);
}
