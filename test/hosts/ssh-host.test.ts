import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Host } from "../../hosts/host.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { sshdInstalled, startSshServer, until, type TestServer } from "./ssh-server.ts";

const loginShells = ["bash", "dash", "busybox", "zsh", "fish", "tcsh"].flatMap((name) => {
  const path = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  return path ? [[name, name === "busybox" ? `${path} sh` : path]] : [];
});

describe.skipIf(!sshdInstalled).each(loginShells)("a login with the shell %s", (_name, shell) => {
  it("runs scripts, arguments and supervision alike", async () => {
    const server = await startSshServer({ shell });
    onTestFinished(() => server.stop());
    const host = connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "none" } });
    onTestFinished(() => host.close());
    const args = ["it's", '$HOME `id` !! \\ "', "two\nlines", "*", ""];
    const result = await host.run('printf "%s|" "$@"\nexit 5', { args });
    expect({ code: result.code, stdout: result.stdout.toString() }).toEqual({ code: 5, stdout: `${args.join("|")}|` });
    await expect(host.run("sleep 1000", { timeoutMs: 200 })).rejects.toMatchObject({ id: "COMMAND_TIMED_OUT" });
    await until(() => server.processes().length === 0);
  });
});

describe.skipIf(!sshdInstalled)("a node reached over SSH", () => {
  let server: TestServer;
  let host: Host;
  const open = (lockFile?: string): Host =>
    connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "none" }, lockFile });

  beforeAll(async () => {
    server = await startSshServer();
    host = open();
  });
  afterAll(async () => {
    await host.close();
    await server.stop();
  });

  /** A script that writes its own and a child's process id and then would run for ever. */
  const longRun = (prefix = ""): { script: string; file: string; pids: () => number[] } => {
    const file = join(server.directory, `pids-${Math.random()}`);
    return {
      script: `${prefix}\nsleep 1000 & echo "$$ $!" >"$1.new"; mv "$1.new" "$1"; wait; sleep 1000`,
      file,
      pids: () => readFileSync(file, "latin1").trim().split(" ").map(Number),
    };
  };
  const lives = (pid: number): boolean => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return false;
    }
  };

  it("gives both streams and the exit status", async () => {
    const result = await host.run('echo "$1"; echo "$2" >&2; exit 3', { args: ["out", "err"] });
    expect({ ...result, stdout: result.stdout.toString() }).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("tells a signal that ended the command by 128 and its number", async () => {
    expect((await host.run("kill -9 $$")).code).toBe(137);
  });

  it("gives the command an empty standard input, the privileged directories in PATH, and 200 000 lines in order", async () => {
    expect((await host.run("cat | wc -c; command -v sshd")).stdout.toString()).toMatch(/^0\n\S+\/sbin\/sshd\n$/);
    const lines = (await host.run("seq 200000")).stdout.toString().trim().split("\n");
    expect(lines).toHaveLength(200_000);
    expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
  });

  it("is not misled by a list of processes, which shows how the command was started", async () => {
    const { stdout, code } = await host.run('tr "\\0" " " </proc/$PPID/cmdline; echo; ps -ef 2>/dev/null; exit 6');
    expect(stdout.toString()).toMatch(/understudy-[0-9a-f]{24} \n/);
    expect(code).toBe(6);
  });

  it("runs many commands at once over its one connection", async () => {
    const results = await Promise.all(
      Array.from({ length: 15 }, (_, index) => host.run('echo "$1 $SSH_CLIENT"', { args: [String(index)] })),
    );
    expect(results.map((result) => Number.parseInt(result.stdout.toString(), 10))).toEqual(
      results.map((_, index) => index),
    );
    expect(new Set(results.map((result) => result.stdout.toString().split(" ").slice(1).join(" "))).size).toBe(1);
  });

  it("leaves no process behind after a command has ended", async () => {
    await host.run("sleep 0.1; exit 4");
    await host.run("cat >/dev/null", { input: Buffer.from("x") });
    await until(() => server.processes().length === 0, `left: ${server.processes().join(" ")}`);
  });

  it("returns at once from a script that starts a daemon, even one that keeps the streams, and lets it live", async () => {
    const begun = performance.now();
    const result = await host.run("setsid sleep 1000 & echo $!");
    expect(performance.now() - begun).toBeLessThan(5000);
    const pid = Number(result.stdout.toString());
    await host.run("true");
    expect(lives(pid)).toBe(true);
    process.kill(pid);
  });

  describe("without input the command ends", () => {
    it("with its children when the caller aborts, which is told only when it is gone", async () => {
      const { script, file, pids } = longRun();
      const abort = new AbortController();
      const run = host.run(script, { args: [file], signal: abort.signal });
      await until(() => existsSync(file));
      abort.abort(new Error("cancelled"));
      await expect(run).rejects.toThrow("cancelled");
      expect(pids().filter(lives)).toEqual([]);
      await until(() => server.processes().length === 0);
    });

    it("by KILL where TERM is ignored", async () => {
      const { script, file, pids } = longRun("trap '' TERM");
      const abort = new AbortController();
      const run = host.run(script, { args: [file], signal: abort.signal });
      await until(() => existsSync(file));
      const begun = performance.now();
      abort.abort(new Error("cancelled"));
      await expect(run).rejects.toThrow("cancelled");
      expect(performance.now() - begun).toBeGreaterThan(1500);
      expect(pids().filter(lives)).toEqual([]);
    });

    it("when its time is up", async () => {
      const { script, file, pids } = longRun();
      await expect(host.run(script, { args: [file], timeoutMs: 500 })).rejects.toMatchObject({
        id: "COMMAND_TIMED_OUT",
        node: "kitchen",
      });
      expect(pids().filter(lives)).toEqual([]);
    });

    it("when the connection is cut, and the caller is told that the outcome is unknown", async () => {
      const { script, file, pids } = longRun();
      const run = host.run(script, { args: [file] });
      run.catch(() => {});
      await until(() => existsSync(file));
      server.cutConnections();
      await expect(run).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN", node: "kitchen" });
      await until(() => !pids().some(lives), "the command lives on");
      expect((await host.run("echo again")).stdout.toString()).toBe("again\n");
      await until(() => server.processes().length === 0);
    });

    it("when the worker is killed", async () => {
      const { script, file, pids } = longRun();
      const worker = spawn(
        process.execPath,
        [fileURLToPath(new URL("run-on-host.ts", import.meta.url)), JSON.stringify(server.target), script, file],
        {
          stdio: "inherit",
        },
      );
      await until(() => existsSync(file));
      worker.kill("SIGKILL");
      await until(() => !pids().some(lives), "the command lives on");
      await until(() => server.processes().length === 0);
    });
  });

  describe("with input", () => {
    it("hands over all bytes and then the end", async () => {
      const bytes = Buffer.alloc(3_000_000, "abc\n");
      const stream = Readable.from([bytes.subarray(0, 1_000_001), bytes.subarray(1_000_001)]);
      for (const input of [bytes, stream]) expect((await host.run("cat", { input })).stdout.equals(bytes)).toBe(true);
    });

    it("does not wait for a reader that has gone", async () => {
      const endless = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(65_536);
        })(),
      );
      expect((await host.run("head -c 3 | wc -c", { input: endless })).stdout.toString().trim()).toBe("3");
    });

    it("ends the command and its children on abort, and never shows it a shortened input", async () => {
      const { script, file, pids } = longRun();
      const abort = new AbortController();
      const input = new Readable({ read: () => {} });
      input.push("first part");
      const run = host.run(`exec 3<&0; (cat <&3; : >"$1.complete") & ${script}`, {
        args: [file],
        input,
        signal: abort.signal,
      });
      await until(() => existsSync(file));
      abort.abort(new Error("cancelled"));
      await expect(run).rejects.toThrow("cancelled");
      expect(pids().filter(lives)).toEqual([]);
      expect(existsSync(`${file}.complete`)).toBe(false);
      await until(() => server.processes().length === 0);
    });

    it("ends the command when the input fails", async () => {
      const input = new Readable({ read: () => {} });
      input.push("first part");
      const run = host.run("cat", { input });
      run.catch(() => {});
      await until(() => server.processes().length > 0);
      input.destroy(new Error("the source broke"));
      await expect(run).rejects.toThrow("the source broke");
      await until(() => server.processes().length === 0);
    });
  });

  describe("output", () => {
    it("is handed on as it comes, no faster than it is taken", async () => {
      let bytes = 0;
      let taking = 0;
      const { stdout } = await host.run("head -c 5000000 /dev/zero", {
        onStdout: async (chunk) => {
          taking += 1;
          expect(taking).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          bytes += chunk.length;
          taking -= 1;
        },
      });
      expect(bytes).toBe(5_000_000);
      expect(stdout).toHaveLength(0);
    });

    it("ends the command when the taker fails", async () => {
      const run = host.run("yes", {
        onStdout: () => {
          throw new Error("no more, thank you");
        },
      });
      await expect(run).rejects.toThrow("no more, thank you");
      await until(() => server.processes().length === 0);
    });

    it("is not kept without limit", async () => {
      await expect(host.run("yes")).rejects.toMatchObject({ id: "COMMAND_FAILED" });
      await until(() => server.processes().length === 0);
    });
  });

  describe("exclusive commands", () => {
    it("wait for each other, whoever runs them, and a daemon that one starts does not keep the lock", async () => {
      const lockFile = join(server.directory, "state", "lock");
      const [first, second] = [open(lockFile), open(lockFile)];
      const log = join(server.directory, "log");
      const script =
        'echo "$1 begins" >>"$2"; sleep 0.5; setsid sleep 1000 >/dev/null 2>&1 & sleep 0.2; echo "$1 ends" >>"$2"; echo $!';
      const results = await Promise.all(
        [first, second].map((each, index) => each.run(script, { args: [String(index), log], exclusive: true })),
      );
      const lines = readFileSync(log, "latin1").trim().split("\n");
      expect([lines[0]?.[0], lines[2]?.[0]]).toEqual([lines[1]?.[0], lines[3]?.[0]]);
      for (const result of results) process.kill(Number(result.stdout.toString()));
      await Promise.all([first.close(), second.close()]);
    });

    it("give up after 15 s, and have not run then", async () => {
      const lockFile = join(server.directory, "busy-lock");
      const [first, second] = [open(lockFile), open(lockFile)];
      const abort = new AbortController();
      const marker = join(server.directory, "held");
      const holding = first.run(': >"$1"; sleep 1000', {
        args: [marker],
        exclusive: true,
        signal: abort.signal,
        timeoutMs: 60_000,
      });
      holding.catch(() => {});
      await until(() => existsSync(marker));
      rmSync(marker);
      await expect(second.run(': >"$1"', { args: [marker], exclusive: true })).rejects.toMatchObject({
        id: "NODE_BUSY",
      });
      abort.abort(new Error("enough"));
      await expect(holding).rejects.toThrow("enough");
      expect(existsSync(marker)).toBe(false);
      await Promise.all([first.close(), second.close()]);
    });
  });

  it("names a host key that it does not know, and the command that makes it known", async () => {
    const stranger = connectHost({
      name: "kitchen",
      ssh: { ...server.target, knownHostsFiles: ["/nonexistent"] },
      privilege: { kind: "none" },
    });
    const error = await stranger.run("true").catch((failure: unknown) => failure);
    if (!(error instanceof UnderstudyError)) throw error;
    expect(error.id).toBe("HOST_KEY_UNKNOWN");
    expect(error.message).toMatch(/SHA256:[A-Za-z0-9+/]{43}/);
    expect(error.next).toContain(`ssh-keyscan -p ${server.port} 127.0.0.1 >> /nonexistent`);
  });

  it("goes through a jump host, which must be known as well", async () => {
    const through = connectHost({
      name: "kitchen",
      ssh: { ...server.target, jump: server.target },
      privilege: { kind: "none" },
    });
    expect((await through.run("echo through")).stdout.toString()).toBe("through\n");
    await through.close();
    const jump = { ...server.target, knownHostsFiles: [] };
    const unknown = connectHost({ name: "kitchen", ssh: { ...server.target, jump }, privilege: { kind: "none" } });
    await expect(unknown.run("true")).rejects.toMatchObject({ id: "HOST_KEY_UNKNOWN" });
    const nowhere = connectHost({
      name: "kitchen",
      ssh: { ...server.target, port: 1, jump: server.target },
      privilege: { kind: "none" },
    });
    await expect(nowhere.run("true")).rejects.toMatchObject({ id: "HOST_UNREACHABLE" });
  });

  it("tells what is wrong with a key, and that nobody is there", async () => {
    const attempt = (change: object): Promise<unknown> =>
      connectHost({ name: "kitchen", ssh: { ...server.target, ...change }, privilege: { kind: "none" } }).run("true");
    await expect(attempt({ identityFile: "/nonexistent" })).rejects.toMatchObject({
      id: "AUTHENTICATION_FAILED",
      what: expect.stringContaining("ENOENT"),
    });
    await expect(attempt({ identityFile: server.knownHosts })).rejects.toMatchObject({ id: "AUTHENTICATION_FAILED" });
    await expect(attempt({ identityFile: join(server.directory, "host_key") })).rejects.toMatchObject({
      id: "AUTHENTICATION_FAILED",
      next: expect.stringContaining("ssh-copy-id"),
    });
    await expect(attempt({ port: 1 })).rejects.toMatchObject({
      id: "HOST_UNREACHABLE",
      what: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("is logged in to by an agent, and by a key with a passphrase", async () => {
    const socket = join(server.directory, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    onTestFinished(() => void agent.kill());
    await until(() => existsSync(socket));
    execFileSync("ssh-add", ["-q", server.target.identityFile ?? ""], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: "ignore",
    });
    const byAgent = connectHost({
      name: "kitchen",
      ssh: { ...server.target, identityFile: undefined, agent: socket },
      privilege: { kind: "none" },
    });
    expect((await byAgent.run("true")).code).toBe(0);
    await byAgent.close();
    const identityFile = join(server.directory, "locked_key");
    copyFileSync(server.target.identityFile ?? "", identityFile);
    chmodSync(identityFile, 0o600);
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open sesame", "-f", identityFile], { stdio: "ignore" });
    const byKey = connectHost({
      name: "kitchen",
      ssh: { ...server.target, identityFile, passphrase: "open sesame" },
      privilege: { kind: "none" },
    });
    expect((await byKey.run("true")).code).toBe(0);
    await byKey.close();
    for (const passphrase of [undefined, "wrong"]) {
      const locked = connectHost({
        name: "kitchen",
        ssh: { ...server.target, identityFile, passphrase },
        privilege: { kind: "none" },
      });
      await expect(locked.run("true")).rejects.toMatchObject({
        id: "AUTHENTICATION_FAILED",
        what: expect.stringContaining(passphrase ? "a wrong passphrase" : "no passphrase"),
      });
    }
  });

  it("is of no use once closed", async () => {
    const closed = open();
    await closed.run("true");
    await closed.close();
    await expect(closed.run("true")).rejects.toMatchObject({ id: "HOST_UNREACHABLE" });
  });
});
