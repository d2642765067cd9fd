import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOpenSshKeyPair } from "../../../lab/namespaces/keys.ts";
import { kernelObjects, sweepAbandonedClaims } from "../../../lab/namespaces/claim.ts";
import { createNamespaceHost } from "../../../lab/namespaces/host.ts";
import type { NamespaceHost } from "../../../lab/namespaces/host.ts";
import { createMosquittoHost } from "../../../lab/namespaces/mosquitto.ts";
import { createNamespaceNetwork } from "../../../lab/namespaces/network.ts";
import type { NamespaceNetwork } from "../../../lab/namespaces/network.ts";
import { sshdService } from "../../../lab/namespaces/services.ts";
import { eventually } from "./eventually.ts";
import { SshClient } from "./ssh.ts";

const isRoot = process.getuid?.() === 0;
const key = createOpenSshKeyPair();
const credentials = { username: "home", password: "not a secret" };
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-network-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

function createHost(name: string, network: NamespaceNetwork): Promise<NamespaceHost> {
  return sshdService().then((sshd) =>
    createNamespaceHost({
      name,
      network,
      directory: join(directory, name),
      authorizedKey: key,
      services: [sshd],
      megabytes: 32,
    }),
  );
}

/** Names of all interfaces, namespaces, mounts, claims, and PID namespaces of this machine. */
async function kernelState(): Promise<Record<string, string[]>> {
  const pidNamespaces = new Set<string>();
  for (const entry of await readdir("/proc")) {
    if (/^\d+$/.test(entry)) pidNamespaces.add(await readlink(`/proc/${entry}/ns/pid`).catch(() => ""));
  }
  pidNamespaces.delete("");
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ").slice(3).join(" "));
  return {
    interfaces: Object.keys(os.networkInterfaces()).sort(),
    namespaces: await namesIn("/run/netns"),
    claims: await namesIn("/run/understudy-lab"),
    pidNamespaces: [...pidNamespaces].sort(),
    mounts: mounts.sort(),
  };
}

async function namesIn(path: string): Promise<string[]> {
  const names: string[] = await readdir(path).catch(() => []);
  return names.sort();
}

describe.skipIf(!isRoot)("a network of namespace hosts", () => {
  test("connects two nodes, the broker and the controller, each of which can be cut off, and leaves nothing behind", async () => {
    const before = await kernelState();
    const network = await createNamespaceNetwork();
    const hosts: NamespaceHost[] = [];
    try {
      const [a, b] = [await createHost("node-a", network), await createHost("node-b", network)];
      hosts.push(a, b);
      const broker = await createMosquittoHost({
        network,
        directory: join(directory, "broker"),
        authorizedKey: key,
        credentials,
      });
      hosts.push(broker.host);
      const login = ["-h", broker.host.address, "-u", credentials.username, "-P", credentials.password];

      // From node to node through the broker, and to the controller.
      const controller = await connectAsync(broker.url, { ...credentials, reconnectPeriod: 100 });
      const heard: string[] = [];
      controller.on("message", (_topic, payload) => heard.push(payload.toString()));
      await controller.subscribeAsync("#");
      await a.execute('exec mosquitto_pub -r -m "from a" -t lab "$@"', login);
      expect(await b.execute('exec mosquitto_sub -W 20 -C 1 -t lab "$@"', login)).toMatchObject({
        code: 0,
        stdout: "from a\n",
      });
      await eventually("the controller hears node-a", () => heard.includes("from a"));
      const refused = await a.execute('exec mosquitto_pub -m x -t lab -u home -P wrong -h "$1"', [broker.host.address]);
      expect(refused.stderr).toContain("not authorised");

      // By name to the machine next door, over ssh: the port answers, the key is refused.
      const next = await a.execute('exec ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no "$1" true', [
        b.address,
      ]);
      expect(next.stderr).toContain("Permission denied (publickey)");

      // The controller cut off: the nodes still reach the broker.
      const ssh = await SshClient.create(directory, key, hosts.map((host) => host.knownHostsLine).join(""));
      await network.cutController();
      expect((await ssh.run(`pi@${a.address}`, "true")).code).toBe(255);
      expect((await a.execute('exec mosquitto_pub -m x -t lab "$@"', login)).code).toBe(0);
      await network.healController();
      await eventually(
        "the controller reaches node-a",
        async () => (await ssh.run(`pi@${a.address}`, "true")).code === 0,
      );

      // A node cut off, over a reboot as well: it reaches nobody, the others go on.
      await a.cutNetwork();
      await a.powerOff();
      await a.powerOn();
      expect((await a.execute('exec timeout 2 mosquitto_pub -m x -t lab "$@"', login)).code).not.toBe(0);
      expect((await b.execute('exec mosquitto_pub -m x -t lab "$@"', login)).code).toBe(0);
      await a.healNetwork();
      await eventually(
        "node-a reaches the broker",
        async () => (await a.execute('exec mosquitto_pub -m x -t lab "$@"', login)).code === 0,
      );
      await controller.endAsync(true);
      expect((await kernelObjects(network.prefix)).length).toBeGreaterThanOrEqual(3 * hosts.length);
    } finally {
      for (const host of hosts) await host.stop();
      await network.stop();
    }
    expect(await readdir(directory)).toEqual(["id_ed25519", "known_hosts"]);
    expect(await kernelObjects(network.prefix)).toEqual([]);
    expect(await kernelState()).toEqual(before);
  });

  test("gives two labs at the same time different subnets", async () => {
    const [one, other] = await Promise.all([createNamespaceNetwork(), createNamespaceNetwork()]);
    expect(one.subnet).not.toBe(other.subnet);
    await Promise.all([one.stop(), other.stop()]);
  });

  test("of a lab that was killed loses its processes at once, and the rest when the next lab starts", async () => {
    const before = await kernelState();
    const lab = spawn(process.execPath, [join(import.meta.dirname, "abandoned-lab.ts"), directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(lab.stdout), "line")) as [string];
    const { prefix, pids } = JSON.parse(line) as { prefix: string; pids: number[] };
    expect(pids.length).toBeGreaterThan(1);

    lab.kill("SIGKILL");
    await eventually("all its processes are gone", () => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    expect(await kernelObjects(prefix)).not.toEqual([]);

    await sweepAbandonedClaims();
    expect(await kernelObjects(prefix)).toEqual([]);
    await eventually(
      "this machine is as before",
      async () => JSON.stringify(await kernelState()) === JSON.stringify(before),
    );
  });
});
