import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Host } from "../../hosts/host.ts";
import { identifyProcess, isGone } from "../../hosts/process-identity.ts";
import { processesLocking } from "../../hosts/process.ts";
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

  it("that use a port are found under its other names too, and only while they do", async () => {
    const port = join(server.directory, "port");
    const byId = join(server.directory, "usb-Texas Instruments-if00");
    writeFileSync(port, "");
    symlinkSync(port, byId);
    const user = begin("flock", ["-x", port, "sleep", "1000"]);
    const users = () => processesLocking(host, byId);
    await vi.waitFor(async () => expect(await users()).toEqual([{ pid: user.pid, command: "flock" }]), {
      timeout: 5_000,
    });
    // Only opened, not locked.
    begin("sh", ["-c", `exec sleep 1000 <"$1"`, "sh", port]);
    expect(await users()).toHaveLength(1);
    spawnSync("pkill", ["-KILL", "-P", String(user.pid)]);
    await vi.waitFor(async () => expect(await users()).toEqual([]), { timeout: 5_000 });
  });

  it("use nothing where there is no port", async () => {
    expect(await processesLocking(host, "/dev/serial/by-id/usb-nothing here-if00")).toEqual([]);
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
