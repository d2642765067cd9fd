import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { spawn as spawnPty } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../hosts/host.ts";
import { identifyProcess, isGone } from "../../hosts/process-identity.ts";
import { processesHolding } from "../../hosts/process.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, type TestServer } from "./ssh-server.ts";

describe.skipIf(!sshdInstalled)("processes on a node", () => {
  let server: TestServer;
  let host: Host;
  const children: ChildProcess[] = [];
  const begin = (command: string, args: string[]): ChildProcess => {
    const child = spawn(command, args, { stdio: "ignore" });
    children.push(child);
    return child;
  };

  beforeAll(async () => {
    server = await startSshServer({ shell: "sh" });
    host = connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "none" } });
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await host.close();
    await server.stop();
  });

  it("that hold a device are found under its other names too, and only while they do", async () => {
    // A terminal is a character device that anyone may make.
    const terminal = spawnPty("sh", ["-c", "tty; exec sleep 1000"], {});
    const printed = await new Promise<string>((resolve) => terminal.onData(resolve));
    const byId = join(server.directory, "usb-Texas_Instruments-if00");
    symlinkSync(printed.trim(), byId);
    const { holders } = await processesHolding(host, byId);
    expect(holders.find((holder) => holder.pid === terminal.pid)).toEqual({ pid: terminal.pid, command: expect.stringMatching(/^(sh|sleep)$/) });
    terminal.kill("SIGKILL");
    const gone = async (): Promise<boolean> => !(await processesHolding(host, byId)).holders.some((holder) => holder.pid === terminal.pid);
    for (let attempt = 0; attempt < 20 && !(await gone()); attempt++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await gone()).toBe(true);
  });

  it("hold nothing where there is no device, and the scan says whether it saw all", async () => {
    const scan = await processesHolding(host, "/dev/serial/by-id/usb-nothing here-if00");
    expect(scan.holders).toEqual([]);
    expect(scan.complete).toBe(process.getuid?.() === 0);
  });

  it("are told from later ones with the same number, and are gone even as zombies", async () => {
    const child = begin("sleep", ["1000"]);
    const identity = await identifyProcess(host, child.pid ?? -1);
    if (!identity) throw new Error("not seen");
    expect(await isGone(host, identity)).toBe(false);
    expect(await isGone(host, { ...identity, startTime: "1" })).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await isGone(host, identity)).toBe(true);
    // This parent never waits for its child, which therefore stays as a zombie.
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
    children.push(parent);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const zombie = Number(line.toString());
    let seen = await identifyProcess(host, zombie);
    for (let attempt = 0; attempt < 50 && seen; attempt++) seen = await identifyProcess(host, zombie);
    expect(seen).toBeUndefined();
    expect((await host.run('[ -d "/proc/$1" ]', { args: [String(zombie)] })).code).toBe(0);
  });
});
