import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, asyncLocalStorage } from "@temporalio/activity";
import { CancelledFailure } from "@temporalio/common";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fenceNode } from "../../activities/fence-node.ts";
import { unfenceNode } from "../../activities/unfence-node.ts";
import type { World } from "../../activities/support/world.ts";
import type { CommandRung, RungConfig } from "../../config/fencing.ts";
import { mappingOf } from "../../config/name-rung.ts";
import type { NodeConfig } from "../../config/user-config.ts";
import type { FailoverActivities, FenceReport } from "../../workflows/activity-types.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-fencing-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** An address to which nothing can be sent from here: a node that has gone. */
const GONE = "::2";
/** This machine answers there, whatever is switched off. */
const ALIVE = "127.0.0.1";

/** A switch that keeps its state in a file and a record of its orders in another. */
function command(changes: Partial<CommandRung> = {}): CommandRung {
  const [state, orders] = [join(directory, "off"), join(directory, "orders")];
  return {
    kind: "command",
    off: `touch ${state}; echo off >> ${orders}`,
    on: `rm -f ${state}; echo on >> ${orders}`,
    status: `[ ! -e ${state} ] || exit 2`,
    proves: "host off",
    trusted: true,
    timeoutMs: 2_000,
    ...changes,
  };
}

const orders = () => (existsSync(join(directory, "orders")) ? readFileSync(join(directory, "orders"), "utf8") : "");

interface Circumstances {
  readonly host?: string;
  readonly port?: number;
  readonly ladder: readonly RungConfig[];
  readonly proven?: readonly string[];
  /** The attempt that Temporal waits for; ours is the first. */
  readonly wantedAttempt?: number | (() => number);
  readonly signal?: AbortSignal;
}

function fence(circumstances: Circumstances): Promise<FenceReport> {
  return act(circumstances, (world) => fenceNode(world));
}

/** Does it as a worker would. */
function act(
  { host = GONE, port = 1, ladder, proven = [], wantedAttempt = 1, signal }: Circumstances,
  activity: (world: World) => FailoverActivities["fenceNode"],
): Promise<FenceReport> {
  const ssh = { host, port, user: "pi", knownHostsFiles: [], keepaliveMs: 5_000, connectTimeoutMs: 1_000 };
  const configured = {
    name: "attic",
    ssh,
    fencing: ladder,
    coordinator: { driver: "zigpy-znp" },
  } as unknown as NodeConfig;
  const tests = proven.map((mapping) => ({ mapping, at: "2026-11-21T03:31:00Z", by: "me" }));
  const world = {
    remembered: () => ({ nodes: [{ name: "attic", ssh, configured }] }),
    client: {
      options: { namespace: "default" },
      workflow: { getHandle: () => ({ query: () => Promise.resolve({ fenceTests: { attic: tests } }) }) },
      workflowService: {
        describeWorkflowExecution: () =>
          Promise.resolve({
            pendingActivities: [
              { activityId: "7", attempt: typeof wantedAttempt === "number" ? wantedAttempt : wantedAttempt() },
            ],
          }),
      },
    },
  } as unknown as World;
  const cancelled = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new CancelledFailure("cancelled")));
  });
  // As in a real context, nobody has to be waiting for it at that moment.
  cancelled.catch(() => undefined);
  const context = Object.assign(Object.create(Context.prototype) as Context, {
    info: { activityId: "7", attempt: 1, workflowExecution: { workflowId: "handover:zigbee", runId: "r" } },
    cancellationSignal: signal ?? new AbortController().signal,
    cancelled,
    heartbeat: () => undefined,
  });
  const input = { service: "zigbee", node: "attic", epoch: 7, handover: "r" };
  return asyncLocalStorage.run(context, () => activity(world)(input));
}

test("a node that is gone: ssh gives up at once, and the rung above it switches it off", async () => {
  const begun = performance.now();
  const report = await fence({ ladder: [{ kind: "ssh" }, command()] });
  expect(report).toMatchObject({
    proven: "host off",
    selfFenced: false,
    rungs: [
      { rung: "ssh", ok: false, detail: expect.stringContaining("does not answer") },
      { rung: "command", ok: true },
    ],
  });
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test("fault 26: fenced again after a kill, it is proven again", async () => {
  const ladder = [command()];
  await fence({ ladder });
  expect(await fence({ ladder })).toMatchObject({ proven: "host off" });
});

test("fault 24: a rung whose mapping was never proven is not used, unless its owner trusts it", async () => {
  const rung = command({ trusted: false });
  const report = await fence({ ladder: [rung, { kind: "person" }] });
  expect(report.proven).toBeUndefined();
  expect(report.rungs.map(({ rung: name, ok }) => [name, ok])).toEqual([
    ["command", false],
    ["person", false],
  ]);
  expect(report.rungs[0]?.detail).toContain("understudy fence test --node attic");
  expect(orders()).toBe("");
  expect(await fence({ ladder: [rung], proven: [mappingOf(rung, "10.0.0.9")] })).not.toHaveProperty("proven");
  expect(await fence({ ladder: [rung], proven: [mappingOf(rung, GONE)] })).toMatchObject({ proven: "host off" });
});

test("a rung that is trusted and was never tested says so, since then the old node is listened for", async () => {
  const onTrust = await fence({ ladder: [command()] });
  expect(onTrust.rungs).toMatchObject([{ rung: "command", ok: true, onTrust: true }]);
  const tested = await fence({ ladder: [command()], proven: [mappingOf(command(), GONE)] });
  expect(tested.rungs[0]).toMatchObject({ ok: true });
  expect(tested.rungs[0]).not.toHaveProperty("onTrust");
});

test("fault 24: a node that goes on answering was not switched off, and the wrong machine gets its power back", async () => {
  const report = await fence({ host: ALIVE, ladder: [command()] });
  expect(report.proven).toBeUndefined();
  expect(report.rungs[0]?.detail).toContain("the node still answers");
  expect(orders()).toBe("off\non\n");
}, 30_000);

test("a cut network is no proof, and the ladder goes on", async () => {
  const report = await fence({ ladder: [command({ proves: "network cut" }), { kind: "person" }] });
  expect(report.proven).toBe("network cut");
  expect(report.rungs).toHaveLength(2);
});

test("a worker that wakes after its attempt was given up switches nothing off any more", async () => {
  await expect(fence({ ladder: [command()], wantedAttempt: 2 })).rejects.toMatchObject({ type: "EPOCH_SUPERSEDED" });
  expect(orders()).toBe("");
});

/** Greets as an SSH server does. */
async function sshd(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("SSH-2.0-test\r\n");
  });
  await new Promise<void>((resolve) => server.listen(port, ALIVE, resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

test("a node gets its power back and is waited for until it greets", async () => {
  const { server, port } = await sshd();
  await close(server);
  const unfenced = act({ host: ALIVE, port, ladder: [{ kind: "ssh" }, command()] }, unfenceNode);
  await expect.poll(orders).toBe("on\n");
  const booted = await sshd(port);
  try {
    expect(await unfenced).toMatchObject({ rungs: [{ rung: "command", ok: true, detail: "the device reads on" }] });
  } finally {
    await close(booted.server);
  }
});

test("killed right after the order: a node that still greets is about to lose its power, and gets it back", async () => {
  const { server, port } = await sshd();
  try {
    const rung = command();
    const state = join(directory, "off");
    writeFileSync(state, "");
    const report = await act({ host: ALIVE, port, ladder: [rung] }, unfenceNode);
    expect(report).toMatchObject({ rungs: [{ rung: "command", ok: true }] });
    expect({ orders: orders(), off: existsSync(state) }).toEqual({ orders: "on\n", off: false });
  } finally {
    await close(server);
  }
});

test("cancelled while it sees the node go on answering: whatever was switched off instead gets its power back", async () => {
  const { server, port } = await sshd();
  try {
    const ladder = [command()];
    const cancelling = new AbortController();
    const fencing = act({ host: ALIVE, port, ladder, signal: cancelling.signal }, (world) => fenceNode(world));
    await expect.poll(orders).toBe("off\n");
    cancelling.abort(new Error("cancelled"));
    await expect(fencing).rejects.toThrow();
    expect(orders()).toBe("off\n");
    await act({ host: ALIVE, port, ladder }, unfenceNode);
    expect(orders()).toBe("off\non\n");
  } finally {
    await close(server);
  }
});

test("a node that greets is given back although a device does not answer", async () => {
  const { server, port } = await sshd();
  try {
    const rung = command({ on: "exit 1", status: "exit 1" });
    const report = await act({ host: ALIVE, port, ladder: [rung] }, unfenceNode);
    expect(report).toMatchObject({ rungs: [{ rung: "command", ok: false }] });
  } finally {
    await close(server);
  }
});

test("a worker that was frozen between two orders gives no second one", async () => {
  // The device takes the order and does not obey, so that it would be ordered again; meanwhile the attempt is given up.
  const rung = command({ off: `echo off >> ${join(directory, "orders")}` });
  const wanted = { ladder: [rung], wantedAttempt: () => (orders() === "" ? 1 : 2) };
  await expect(fence(wanted)).rejects.toMatchObject({ type: "EPOCH_SUPERSEDED" });
  expect(orders()).toBe("off\n");
});
