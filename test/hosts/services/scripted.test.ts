import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "../../../hosts/host.ts";
import { serviceManager } from "../../../hosts/services/service-manager.ts";
import { connectHost } from "../../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, until, type TestServer } from "../ssh-server.ts";

/** Managers that cannot run inside a test are played by scripts, which manage a real process. */
describe.skipIf(!sshdInstalled)("service managers", () => {
  let server: TestServer;
  let host: Host;
  let file: (name: string) => string;

  beforeAll(async () => {
    server = await startSshServer({ shell: "sh" });
    file = (name) => join(server.directory, name);
    host = connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "none" }, lockFile: file("lock") });
  });
  beforeEach(() => rmSync(file("pid"), { force: true }));
  afterAll(async () => {
    await host.close();
    await server.stop();
  });
  const start = (): string => `setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >${file("pid")}`;
  const stop = (): string => `kill $(cat ${file("pid")}); rm ${file("pid")}`;

  describe("systemd", () => {
    const unit = { kind: "systemd", unit: "zigbee2mqtt.service" } as const;
    const systemctl = (properties: string, onStop = stop()): void =>
      server.addProgram(
        "systemctl",
        `case $1 in
start) ${start()} ;;
stop) ${onStop} ;;
show) if [ -e ${file("pid")} ]; then echo ActiveState=active; echo SubState=running; echo MainPID=$(cat ${file("pid")})
  else echo ActiveState=inactive; echo SubState=dead; echo MainPID=0; fi
  cat <<X
${properties}
X
;; esac`,
      );

    it("starts and stops a unit, and its process is gone", async () => {
      systemctl("LoadState=loaded\nRestart=no");
      const service = serviceManager(host, unit);
      expect(await service.status()).toMatchObject({ state: "stopped", detail: "inactive, dead" });
      await service.start();
      const { state, pid } = await service.status();
      expect(state).toBe("running");
      await service.stop();
      await until(() => !server.processes().includes(pid ?? -1));
      expect(await service.autostart()).toEqual([]);
    });

    it("has not stopped a unit whose process lives on", async () => {
      systemctl("LoadState=loaded", `rm ${file("pid")}`);
      const service = serviceManager(host, unit);
      await service.start();
      const { pid } = await service.status();
      await expect(service.stop(undefined, 800)).rejects.toMatchObject({
        id: "SERVICE_DID_NOT_STOP",
        what: expect.stringContaining(`process ${pid} is still there`),
      });
      process.kill(pid ?? NaN);
    });

    it("tells units that start by themselves, that flap and that are not there", async () => {
      systemctl("LoadState=loaded\nUnitFileState=enabled\nRestart=on-failure\nWantedBy=multi-user.target");
      expect(await serviceManager(host, unit).autostart()).toEqual([
        { starts: "at boot", how: expect.stringContaining("enabled"), mend: "systemctl disable zigbee2mqtt.service" },
        {
          starts: "after a crash",
          how: expect.stringContaining("Restart=on-failure"),
          mend: expect.stringContaining("Restart=no"),
        },
      ]);
      systemctl("LoadState=loaded\nUnitFileState=static\nRestart=no\nWantedBy=home.target");
      expect(await serviceManager(host, unit).autostart()).toMatchObject([
        { starts: "at boot", how: expect.stringContaining("home.target") },
      ]);
      server.addProgram(
        "systemctl",
        "echo LoadState=loaded; echo ActiveState=activating; echo SubState=auto-restart; echo MainPID=0",
      );
      expect(await serviceManager(host, unit).status()).toMatchObject({ state: "failed" });
      server.addProgram("systemctl", "echo LoadState=not-found; echo ActiveState=inactive");
      await expect(serviceManager(host, unit).status()).rejects.toMatchObject({
        id: "NODE_NOT_UNDERSTOOD",
        what: expect.stringContaining("no unit"),
      });
      server.addProgram("systemctl", "echo 'System has not been booted with systemd' >&2; exit 1");
      await expect(serviceManager(host, unit).status()).rejects.toMatchObject({ id: "NODE_NOT_UNDERSTOOD" });
    });
  });

  describe("Docker", () => {
    const container = { kind: "docker", container: "z2m" } as const;
    const docker = (state: object, policy = "no"): void =>
      server.addProgram(
        "docker",
        `case $1 in inspect) cat <<'X'\n${JSON.stringify(state)} ${JSON.stringify({ Name: policy, MaximumRetryCount: 0 })}\nX\n;; esac`,
      );

    it.each([
      [{ Status: "running", Running: true, Pid: 1 }, "running"],
      [{ Status: "paused", Running: true, Pid: 1 }, "unknown"],
      [{ Status: "created", Running: false, Pid: 0, ExitCode: 0 }, "stopped"],
      [{ Status: "exited", ExitCode: 0 }, "stopped"],
      [{ Status: "exited", ExitCode: 143 }, "stopped"],
      [{ Status: "exited", ExitCode: 137, OOMKilled: true }, "failed"],
      [{ Status: "exited", ExitCode: 1 }, "failed"],
      [{ Status: "restarting", Running: true, Pid: 0 }, "failed"],
      [{ Status: "dead" }, "failed"],
      [{ Status: "removing" }, "unknown"],
    ])("says %j is %s", async (state, expected) => {
      docker(state);
      expect((await serviceManager(host, container).status()).state).toBe(expected);
    });

    it("does not take a container that will be restarted for a stopped one", async () => {
      docker({ Status: "restarting", Running: true, Pid: 0 });
      await expect(serviceManager(host, container).stop(undefined, 500)).rejects.toMatchObject({
        id: "SERVICE_DID_NOT_STOP",
      });
      docker({ Status: "paused", Running: true, Pid: 0 });
      await expect(serviceManager(host, container).stop(undefined, 500)).rejects.toMatchObject({
        id: "OUTCOME_UNKNOWN",
      });
    });

    it("tells restart policies, and a missing container from a daemon that is down", async () => {
      docker({ Status: "exited", ExitCode: 0 }, "unless-stopped");
      expect((await serviceManager(host, container).autostart()).map((each) => each.starts)).toEqual([
        "at boot",
        "after a crash",
      ]);
      docker({ Status: "exited", ExitCode: 0 }, "on-failure");
      expect((await serviceManager(host, container).autostart()).map((each) => each.starts)).toEqual(["after a crash"]);
      docker({ Status: "exited", ExitCode: 0 });
      expect(await serviceManager(host, container).autostart()).toEqual([]);
      server.addProgram("docker", '[ "$1" = info ]');
      await expect(serviceManager(host, container).status()).rejects.toMatchObject({
        what: expect.stringContaining("no container z2m"),
      });
      server.addProgram("docker", "exit 1");
      await expect(serviceManager(host, container).status()).rejects.toMatchObject({
        what: expect.stringContaining("daemon does not answer"),
      });
    });
  });

  describe("plain commands", () => {
    const commands = (status: string, onStop = stop()) =>
      ({ kind: "commands", start: start(), stop: onStop, status }) as const;
    const usual = (): string => `[ -e ${file("pid")} ] && cat ${file("pid")}`;

    it("start and stop a process that outlives the connection's command", async () => {
      const service = serviceManager(host, commands(usual()));
      expect((await service.status()).state).toBe("stopped");
      await service.start();
      const { state, pid } = await service.status();
      expect(state).toBe("running");
      expect(server.processes()).toContain(pid);
      await service.stop();
      await until(() => !server.processes().includes(pid ?? -1));
      expect(await service.autostart()).toEqual([]);
    });

    it("let a daemon live that keeps its streams and prints to them", async () => {
      const noisy = {
        ...commands(usual()),
        start: `sh -c 'while sleep 0.05; do echo noise; done' & echo $! >${file("pid")}`,
      };
      const service = serviceManager(host, noisy);
      await service.start();
      const { pid } = await service.status();
      for (let run = 0; run < 5; run++) await host.run("sleep 0.1");
      expect(server.processes()).toContain(pid);
      await service.stop();
    });

    it("whose status cannot be told leave the outcome unknown", async () => {
      const service = serviceManager(host, commands("exit 4", ":"));
      expect(await service.status()).toMatchObject({ state: "unknown" });
      await expect(service.stop(undefined, 500)).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
    });

    it("that take too long to stop are judged by what is left", async () => {
      const service = serviceManager(host, commands(usual(), `${stop()}; sleep 1000`));
      await service.start();
      await service.stop(undefined, 1500);
      await service.start();
      const stuck = serviceManager(host, commands(usual(), "sleep 1000"));
      await expect(stuck.stop(undefined, 800)).rejects.toMatchObject({ id: "SERVICE_DID_NOT_STOP" });
      await service.stop(undefined, 1500);
    });

    it("that fail to start say so at once", async () => {
      const service = serviceManager(host, { ...commands(usual()), start: "exit 1" });
      const begun = performance.now();
      await expect(service.start()).rejects.toMatchObject({ id: "SERVICE_DID_NOT_START" });
      expect(performance.now() - begun).toBeLessThan(3000);
      writeFileSync(file("pid"), "");
    });
  });
});
