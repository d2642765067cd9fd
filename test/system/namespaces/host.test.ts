import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createOpenSshKeyPair } from "../../../lab/namespaces/keys.ts";
import { NamespaceHost, createNamespaceHost } from "../../../lab/namespaces/host.ts";
import type { InitKind } from "../../../lab/namespaces/init-system.ts";
import { createNamespaceNetwork } from "../../../lab/namespaces/network.ts";
import type { NamespaceNetwork } from "../../../lab/namespaces/network.ts";
import {
  ZIGPY_ZNP_PYTHON,
  mosquittoService,
  sshdService,
  zigbee2mqttService,
  zigpyZnp,
} from "../../../lab/namespaces/services.ts";
import { eventually } from "./eventually.ts";
import { startSerialAnswerer } from "./serial-answerer.ts";
import { SshClient } from "./ssh.ts";

/** The virtual environment that `npm test` sets up. */
const PYTHON = join(import.meta.dirname, "../../../.cache/python/bin/python");
const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot).each<InitKind>(["openrc", "busybox", "systemd"])("a namespace host with %s", (init) => {
  const key = createOpenSshKeyPair();
  const password = "correct horse";
  let directory: string;
  let network: NamespaceNetwork;
  let host: NamespaceHost;
  let ssh: SshClient;
  let bootMs: number;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-host-"));
    network = await createNamespaceNetwork();
    const services = [await sshdService(), await mosquittoService(), await zigbee2mqttService({ version: "2.13.0" })];
    const tools = await zigpyZnp(PYTHON);
    const startedAt = performance.now();
    host = await createNamespaceHost({
      name: "node-a",
      network,
      directory: join(directory, "node-a"),
      authorizedKey: key,
      services,
      init,
      overlay: { "/etc/greeting": "hello\n", ...tools.files },
      mounts: tools.mounts,
      sudo: { kind: "password", password },
      volumes: { "/var/lib/understudy": 4 },
      megabytes: 64,
    });
    bootMs = performance.now() - startedAt;
    ssh = await SshClient.create(directory, key, host.knownHostsLine);
  });

  afterAll(async () => {
    await host?.stop();
    await network?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  const asPi = (command: string, input?: string) => ssh.run(`pi@${host.address}`, command, input);
  const asRoot = (command: string) => ssh.run(`root@${host.address}`, command);

  test("is made and boots within five seconds", () => {
    expect(bootMs).toBeLessThan(5000);
  });

  test("lets pi and root in by key over the real ssh, and shows the host key that it promised", async () => {
    expect(await asPi("id -un")).toMatchObject({ code: 0, stdout: "pi\n" });
    expect(await asRoot("id -un")).toMatchObject({ code: 0, stdout: "root\n" });

    const other = await mkdtemp(join(directory, "other-"));
    const wrong = await SshClient.create(other, key, `${host.address} ${createOpenSshKeyPair().public}\n`);
    const refused = await wrong.run(`pi@${host.address}`, "true");
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
  });

  test("asks for pi's own password in sudo", async () => {
    expect((await asPi("sudo -n true")).code).toBe(1);
    expect((await asPi("sudo -k -S -p '' true", "wrong\n")).code).toBe(1);
    expect(await asPi("sudo -k -S -p '' id -un", `${password}\n`)).toMatchObject({ code: 0, stdout: "root\n" });
  });

  test("is a machine of its own: name, files, processes, uptime, boot id", async () => {
    const { stdout } = await asPi(
      "uname -n; cat /etc/greeting; cut -d. -f1 /proc/uptime; cat /proc/sys/kernel/random/boot_id",
    );
    const [name, greeting, uptime, bootId] = stdout.split("\n");
    expect(name).toBe("node-a");
    expect(greeting).toBe("hello");
    expect(Number(uptime)).toBeLessThan(60);
    expect(bootId).toBe(host.bootId);
    expect(bootId).not.toBe((await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim());
    expect((await asRoot("tr '\\0' ' ' </proc/1/cmdline")).stdout).toContain(
      { openrc: "openrc-init", busybox: "busybox init", systemd: "systemd" }[init],
    );

    const here = import.meta.dirname;
    expect((await asRoot(`ls -d ${here}`)).code).not.toBe(0);
    expect((await asRoot("cat /proc/[0-9]*/cmdline")).stdout).not.toContain("vitest");
  });

  test("reaches nothing but its own network", async () => {
    const { stdout } = await asRoot("ip -4 route show");
    expect(stdout.trim().split("\n")).toEqual([expect.stringContaining(`${network.subnet}.0/24 dev eth0`)]);
  });

  test("starts and stops a real daemon, and says how it is", async () => {
    const manager =
      init === "systemd"
        ? {
            start: "systemctl start mosquitto",
            stop: "systemctl stop mosquitto",
            status: "systemctl is-active --quiet mosquitto",
          }
        : {
            start: "rc-service mosquitto start",
            stop: "rc-service mosquitto stop",
            status: "rc-service mosquitto status",
          };
    const crashed = init === "systemd" ? 3 : 32;
    const daemons = () => host.processes().filter(({ commandLine }) => commandLine.startsWith("/usr/sbin/mosquitto"));

    expect((await asRoot(manager.status)).code).toBe(0);
    expect(daemons()).toHaveLength(1);
    expect((await asRoot(manager.stop)).code).toBe(0);
    expect(daemons()).toHaveLength(0);
    expect((await asRoot(manager.status)).code).toBe(3);
    expect((await asRoot(manager.start)).code).toBe(0);
    expect(daemons()).toHaveLength(1);

    expect(host.signal("/usr/sbin/mosquitto", "SIGKILL")).toBe(1);
    await eventually("the status tells of the crash", async () => (await asRoot(manager.status)).code === crashed);
    expect((await asRoot(manager.stop)).code).toBe(0);
    expect((await asRoot(manager.start)).code).toBe(0);
    expect(daemons()).toHaveLength(1);
  });

  test("has Zigbee2MQTT installed, in the version it claims, and not running", async () => {
    const { stdout } = await asPi(`/opt/node/bin/node -p "require('/opt/zigbee2mqtt/package.json').version"`);
    expect(stdout).toBe("2.13.0\n");
    const status =
      init === "systemd"
        ? "systemctl is-active zigbee2mqtt; systemctl is-enabled zigbee2mqtt"
        : "rc-service zigbee2mqtt status";
    expect((await asRoot(status)).code).toBe(init === "systemd" ? 1 : 3);
  });

  test("has zigpy-znp for every user", async () => {
    const { stdout } = await asPi(`${ZIGPY_ZNP_PYTHON} -m zigpy_znp.tools.nvram_read --help`);
    expect(stdout).toContain("Backup a radio's NVRAM");
  });

  test("shows a dongle by its port, its serial number and, but for Alpine, its by-id path; one program at a time has it", async () => {
    const answerer = await startSerialAnswerer();
    try {
      await host.plugDongle(answerer.path, { serialNumber: "0001a2b3" });
      const byId = NamespaceHost.byIdPath("0001a2b3");
      expect((await asPi("cat /sys/class/tty/ttyUSB0/device/../../serial")).stdout).toBe("0001a2b3\n");
      expect((await asPi(`test -e ${byId} && readlink -f ${byId}`)).stdout).toBe(
        init === "busybox" ? "" : "/dev/ttyUSB0\n",
      );

      const script = `
        const { SerialPortStream } = require("@serialport/stream");
        const { autoDetect } = require("@serialport/bindings-cpp");
        const { spawnSync } = require("child_process");
        const port = new SerialPortStream({ binding: autoDetect(), path: "/dev/ttyUSB0", baudRate: 115200 });
        port.on("open", () => port.write("ping"));
        port.on("data", (data) => {
          console.log(String(data), spawnSync("/usr/bin/flock", ["--nonblock", "/dev/ttyUSB0", "true"]).status);
          port.close();
        });`;
      await host.execute("cat >/opt/serial.js", [], { input: script });
      expect((await asPi("/opt/node/bin/node /opt/serial.js")).stderr).toContain("Permission denied"); // Not in the group dialout.
      expect(await asRoot("/opt/node/bin/node /opt/serial.js")).toEqual({ code: 0, stdout: "pong 1\n", stderr: "" });
      expect((await asRoot("flock --nonblock /dev/ttyUSB0 true")).code).toBe(0);

      await host.unplugDongle();
      expect((await asRoot("ls /dev/ttyUSB0 /sys/class/tty/ttyUSB0")).code).not.toBe(0);
    } finally {
      await answerer.stop();
    }
  });

  test("can be filled to the last byte, the disk and a volume each for itself", async () => {
    for (const [full, other] of [
      ["/root", "/var/lib/understudy"],
      ["/var/lib/understudy", "/root"],
    ] as const) {
      await host.fillDisk(full);
      expect((await asRoot(`head -c 65536 /dev/zero >${full}/file`)).code).not.toBe(0);
      expect((await asRoot(`head -c 65536 /dev/zero >${other}/file`)).code).toBe(0);
      await host.freeDisk(full);
      expect((await asRoot(`head -c 65536 /dev/zero >${full}/file && rm ${full}/file ${other}/file`)).code).toBe(0);
    }
  });

  test("answers nothing while its cable is pulled", async () => {
    await host.cutNetwork();
    expect((await asPi("true")).code).toBe(255);
    await host.healNetwork();
    await eventually("it answers again", async () => (await asPi("true")).code === 0);
  });

  test("stands still while frozen, and goes on where it was", async () => {
    await asRoot(
      "nohup sh -c 'while :; do date +%s%N >/tmp/now.new; mv /tmp/now.new /tmp/now; sleep 0.02; done' >/dev/null 2>&1 &",
    );
    const now = () => readFile(host.outsidePath("/tmp/now"), "utf8").catch(() => "");
    const first = await eventually("the clock is written", now);
    await eventually("it goes on", async () => (await now()) !== first);

    await host.freeze();
    const frozenAt = await now();
    expect((await asPi("true")).code).toBe(255);
    expect(await now()).toBe(frozenAt);
    // What the lab itself starts there stands still too.
    await expect(host.execute("true", [], { timeoutMs: 500 })).rejects.toThrow("did not end by itself");
    await host.thaw();
    await eventually("it goes on after the frost", async () => (await now()) !== frozenAt);
    expect((await asPi("true")).code).toBe(0);
  });

  test("reboots when it is told to: new boot id, files of the disk kept, those of /tmp and /run not", async () => {
    await asRoot("echo kept >/root/kept; echo lost >/tmp/lost");
    const before = host.bootId;
    await asRoot("reboot");
    await eventually("the old boot ends", () => host.bootId !== before);
    await host.settled();
    expect(host.bootId).toEqual(expect.any(String));
    const after = await asRoot("cat /proc/sys/kernel/random/boot_id /root/kept; ls /tmp/lost");
    expect(after.stdout).toBe(`${host.bootId}\nkept\n`);
  });

  test("loses its power: every process is gone at once, the network too; it comes back with a new boot id", async () => {
    await asRoot("nohup setsid sleep 1000 >/dev/null 2>&1 &");
    const sleeps = () => host.processes().some(({ commandLine }) => commandLine === "sleep 1000");
    await eventually("a process sleeps", sleeps);
    const processes = host.processes();
    const { bootId, networkNamespace } = host;

    await host.powerOff();
    expect(processes.filter(({ pid }) => existsSync(`/proc/${pid}`))).toEqual([]);
    await expect(readFile(`/run/netns/${networkNamespace}`)).rejects.toThrow("ENOENT");
    expect(Object.keys(os.networkInterfaces())).not.toContain(networkNamespace);
    expect((await asPi("true")).code).toBe(255);
    expect(await readFile(host.outsidePath("/root/kept"), "utf8")).toBe("kept\n");

    await host.powerOn();
    expect(host.bootId).not.toBe(bootId);
    expect((await asPi("cat /proc/sys/kernel/random/boot_id")).stdout).toBe(`${host.bootId}\n`);
  });

  test("has a file cut off by a power loss that came before it was on the disk", async () => {
    await asRoot("mkdir -p /root/deep; echo 0123456789 >/root/deep/file; echo kept >/root/deep/synced");
    await expect(host.truncateFile("/root/deep/file")).rejects.toThrow("is on");
    await host.powerOff();
    await host.truncateFile("/root/deep/file", 4);
    await expect(host.truncateFile("/root/deep/none")).rejects.toThrow("ENOENT");
    await host.powerOn();
    expect((await asRoot("cat /root/deep/file /root/deep/synced")).stdout).toBe("0123kept\n");
  });

  test("stays off when it was told to power off", async () => {
    await asRoot("poweroff");
    await eventually("it is off", () => host.bootId === undefined);
    await host.settled();
    expect(host.bootId).toBeUndefined();
    await host.powerOn();
    expect((await asPi("true")).code).toBe(0);
  });
});
