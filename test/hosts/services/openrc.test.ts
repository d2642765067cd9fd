import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Host } from "../../../hosts/host.ts";
import { serviceManager, type ServiceManager } from "../../../hosts/services/service-manager.ts";
import { connectHost } from "../../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, type TestServer } from "../ssh-server.ts";

/** OpenRC with a state, services and runlevels of its own, in a mount namespace. */
const PREPARE = `
mkdir "$1/init.d" "$1/runlevels" "$1/run"
cp -a /etc/init.d/. "$1/init.d"; mount --bind "$1/init.d" /etc/init.d
mkdir "$1/runlevels/default" "$1/runlevels/boot"; mount --bind "$1/runlevels" /etc/runlevels
mkdir -p /run/openrc
mount -t tmpfs tmpfs /run/openrc
cd /run/openrc; mkdir daemons exclusive failed hotplugged inactive options scheduled started starting stopping tmp wasinactive; cd /
echo default >/run/openrc/softlevel
service() { cat >"/etc/init.d/$1"; chmod +x "/etc/init.d/$1"; }
service plain <<X
#!/sbin/openrc-run
command=/bin/sleep
command_args=1000
command_background=true
pidfile=$1/run/plain.pid
X
service supervised <<X
#!/sbin/openrc-run
supervisor=supervise-daemon
command=/bin/sleep
command_args=1001
X
service stubborn <<X
#!/sbin/openrc-run
command=/bin/sh
command_args="-c 'trap : TERM; while :; do sleep 0.2; done'"
command_background=true
pidfile=$1/run/stubborn.pid
retry=TERM/1
X
service broken <<X
#!/sbin/openrc-run
command=/nonexistent
command_background=true
pidfile=$1/run/broken.pid
X
rc-update add plain default >/dev/null
rc-update add plain boot >/dev/null`;

const possible = sshdInstalled && process.getuid?.() === 0 && existsSync("/usr/sbin/rc-service");

describe.skipIf(!possible)("a service of OpenRC", () => {
  let server: TestServer;
  let host: Host;
  const manager = (name: string): ServiceManager => serviceManager(host, { kind: "openrc", name });
  const killProcess = (pid: number | undefined): void => void process.kill(pid ?? NaN, "SIGKILL");

  beforeAll(async () => {
    server = await startSshServer({ shell: "sh", prepare: PREPARE });
    host = connectHost({
      name: "kitchen",
      ssh: server.target,
      privilege: { kind: "none" },
      lockFile: `${server.directory}/lock`,
    });
  });
  afterAll(async () => {
    await manager("supervised")
      .stop()
      .catch(() => {});
    await manager("plain")
      .stop()
      .catch(() => {});
    await host.close();
    await server.stop();
  });

  it.each(["plain", "supervised"])("is started and stopped, and its process is really gone (%s)", async (name) => {
    const service = manager(name);
    expect(await service.status()).toEqual({ state: "stopped", pid: undefined, detail: "stopped" });
    await service.start();
    const { state, pid } = await service.status();
    expect(state).toBe("running");
    expect(existsSync(`/proc/${pid}/exe`)).toBe(true);
    await service.start();
    expect((await service.status()).pid).toBe(pid);
    await service.stop();
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect((await service.status()).state).toBe("stopped");
    await service.stop();
  });

  it("whose process was killed has failed, though OpenRC says started; stop and start work in spite of OpenRC's error", async () => {
    const service = manager("plain");
    await service.start();
    killProcess((await service.status()).pid);
    expect((await host.run("rc-service plain status")).code).toBe(0);
    expect((await service.status()).state).toBe("failed");
    await service.stop();
    expect((await service.status()).state).toBe("stopped");
    await service.start();
    killProcess((await service.status()).pid);
    await service.start();
    expect((await service.status()).state).toBe("running");
    await service.stop();
  });

  it("that ignores TERM did not stop, and the error names the process", async () => {
    const service = manager("stubborn");
    await service.start();
    const { pid } = await service.status();
    await expect(service.stop(undefined, 3000)).rejects.toMatchObject({
      id: "SERVICE_DID_NOT_STOP",
      node: "kitchen",
      next: expect.stringContaining(`kill -9 ${pid}`),
    });
    killProcess(pid);
    await service.stop();
  });

  it("that cannot start, or is not there, says so", async () => {
    await expect(manager("broken").start()).rejects.toMatchObject({ id: "SERVICE_DID_NOT_START" });
    await expect(manager("nosuch").status()).rejects.toMatchObject({ id: "NODE_NOT_UNDERSTOOD" });
  });

  it("tells what would start it by itself, and the command that ends that works", async () => {
    expect(await manager("supervised").autostart()).toMatchObject([{ starts: "after a crash" }]);
    const found = await manager("plain").autostart();
    expect(found.map((each) => [each.starts, each.mend])).toEqual([
      ["at boot", "rc-update del plain boot"],
      ["at boot", "rc-update del plain default"],
    ]);
    for (const { mend } of found) await host.run('eval "$1"', { args: [mend] });
    expect(await manager("plain").autostart()).toEqual([]);
  });
});

describe.skipIf(!sshdInstalled)("a ghost error of rc-service", () => {
  it("does not hide that the service has stopped, nor that it has not", async () => {
    const server = await startSshServer({ shell: "sh" });
    onTestFinished(() => server.stop());
    const host = connectHost({
      name: "kitchen",
      ssh: server.target,
      privilege: { kind: "none" },
      lockFile: `${server.directory}/lock`,
    });
    onTestFinished(() => host.close());
    const service = serviceManager(host, { kind: "openrc", name: "zigbee2mqtt" });
    const state = `${server.directory}/state`;
    const rcService = (stop: string): void =>
      server.addProgram(
        "rc-service",
        `[ "$1" = -e ] && exit 0\ncase $2 in status) [ -e ${state} ] || exit 3 ;; start) : >${state} ;; zap) exit 9 ;; stop) ${stop} ;; esac`,
      );
    rcService(`rm ${state}; echo "ERROR: zigbee2mqtt failed to stop" >&2; exit 1`);
    await service.start();
    await service.stop();
    rcService("exit 0");
    await service.start();
    await expect(service.stop(undefined, 1000)).rejects.toMatchObject({ id: "SERVICE_DID_NOT_STOP" });
  });
});
