import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SshTarget } from "../../config/effective.ts";
import type { Host } from "../../hosts/host.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { hostKey, startFaultyServer, type FaultyServer } from "./faulty-server.ts";

const directory = mkdtempSync(join(tmpdir(), "understudy-faults-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ed25519 = hostKey("ed25519");
const rsa = hostKey("rsa");
const open = (ssh: SshTarget): Host => connectHost({ name: "kitchen", ssh, privilege: { kind: "none" } });

/** A known_hosts file in which the port has these keys. */
function knownHosts(port: number, keys: readonly { public: string }[]): string {
  const file = join(directory, `known_hosts-${port}-${Math.random()}`);
  writeFileSync(file, keys.map((key) => `[127.0.0.1]:${port} ${key.public}\n`).join(""));
  return file;
}

const escaped: unknown[] = [];
const onEscaped = (error: unknown): void => void escaped.push(error);
beforeAll(() => void process.on("uncaughtException", onEscaped));
afterAll(() => {
  process.off("uncaughtException", onEscaped);
  expect(escaped).toEqual([]);
});

describe("a connection that goes wrong", () => {
  let server: FaultyServer;
  let host: Host;

  beforeEach(async () => {
    server = await startFaultyServer({ keys: [ed25519.private], knownHosts: "" });
    host = open({ ...server.target, knownHostsFiles: [knownHosts(server.target.port, [ed25519])] });
  });
  afterEach(async () => {
    await host.close();
    await server.stop();
  });

  it("is made once for all who need it at the same time", async () => {
    await Promise.all([1, 2, 3, 4, 5].map(() => host.run("true")));
    expect(server.connections).toBe(1);
  });

  it("means that the outcome is unknown when it is reset under a command, and is made anew for the next one", async () => {
    const started = Promise.withResolvers<void>();
    const run = host.run("echo begun; sleep 1", { onStdout: () => started.resolve() });
    run.catch(() => {});
    await started.promise;
    server.reset();
    await expect(run).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
    expect((await host.run("echo again")).stdout.toString()).toBe("again\n");
    expect(server.connections).toBe(2);
  });

  it("is noticed when the peer falls silent", async () => {
    const started = Promise.withResolvers<void>();
    const run = host.run("echo begun; sleep 5", { onStdout: () => started.resolve() });
    run.catch(() => {});
    await started.promise;
    const begun = performance.now();
    server.fallSilent();
    await expect(run).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  it("is replaced without a word when it was lost while idle", async () => {
    await host.run("true");
    server.reset();
    expect((await host.run("echo again")).stdout.toString()).toBe("again\n");
  });

  it("is never a success when the command's end did not arrive", async () => {
    server.onCommand = (channel, command) => {
      const nonce = command.split(" ").at(-1);
      channel.write(`${nonce}: ready\n`);
      channel.stderr.write(`${nonce}: ready\n`);
      // The program arrives, the session ends: nobody knows what it has done.
      channel.once("data", () => channel.end());
    };
    await expect(host.run("true")).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
    server.onCommand = (channel, command) => {
      const nonce = command.split(" ").at(-1);
      channel.write(`${nonce}: ready\n`);
      channel.stderr.write(`${nonce}: ready\n`);
      channel.once("data", () => {
        channel.exit(0);
        channel.end();
      });
    };
    await expect(host.run("true")).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
  });

  it("tells when the login runs no shell", async () => {
    server.onCommand = (channel) => {
      channel.write("This account is currently not available.\n");
      channel.exit(1);
      channel.end();
    };
    await expect(host.run("true")).rejects.toMatchObject({
      id: "NODE_NOT_UNDERSTOOD",
      what: expect.stringContaining("exit status 1"),
    });
  });

  it("tells when the server opens no sessions", async () => {
    server.refuseSessions = true;
    await expect(host.run("true")).rejects.toMatchObject({ id: "HOST_UNREACHABLE" });
    server.refuseSessions = false;
    expect((await host.run("true")).code).toBe(0);
  });

  it("lets an abort through while it is being made", async () => {
    const abort = new AbortController();
    const run = host.run("true", { signal: abort.signal });
    abort.abort(new Error("cancelled"));
    await expect(run).rejects.toThrow("cancelled");
    expect((await host.run("true")).code).toBe(0);
  });
});

it("gives up on a peer that accepts and says nothing, within the connect time limit", async () => {
  const mute = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  const { port } = mute.address() as AddressInfo;
  const target = {
    host: "127.0.0.1",
    port,
    user: "tester",
    password: "x",
    knownHostsFiles: [],
    keepaliveMs: 300,
    connectTimeoutMs: 500,
  };
  const begun = performance.now();
  await expect(open(target).run("true")).rejects.toMatchObject({
    id: "HOST_UNREACHABLE",
    what: expect.stringContaining("500 ms"),
  });
  expect(performance.now() - begun).toBeLessThan(3000);
  mute.close();
});

describe("host keys", () => {
  it("that have changed are refused, before any secret is sent", async () => {
    let logins = 0;
    const server = await startFaultyServer({
      keys: [hostKey("ed25519").private],
      knownHosts: "",
      authenticate: (context) => {
        logins += 1;
        context.accept();
      },
    });
    const file = knownHosts(server.target.port, [ed25519]);
    await expect(open({ ...server.target, knownHostsFiles: [file] }).run("true")).rejects.toMatchObject({
      id: "HOST_KEY_CHANGED",
      next: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${server.target.port}' -f ${file}`),
    });
    writeFileSync(file, `@revoked * ${ed25519.public}\n`);
    await server.stop();
    const revoked = await startFaultyServer({ keys: [ed25519.private], knownHosts: file });
    await expect(open(revoked.target).run("true")).rejects.toMatchObject({ id: "HOST_KEY_REVOKED" });
    await revoked.stop();
    expect(logins).toBe(0);
  });

  it("of the type that we know are asked for, where a server has several", async () => {
    const server = await startFaultyServer({ keys: [ed25519.private, rsa.private], knownHosts: "" });
    for (const known of [rsa, ed25519]) {
      const host = open({ ...server.target, knownHostsFiles: [knownHosts(server.target.port, [known])] });
      expect((await host.run("true")).code).toBe(0);
      await host.close();
    }
    await server.stop();
  });
});

describe("logging in by password", () => {
  it.each(["password", "keyboard-interactive"])("works by %s", async (method) => {
    const server = await startFaultyServer({
      keys: [ed25519.private],
      knownHosts: "",
      authenticate: (context) => {
        if (context.method !== method) return context.reject([method as "password"]);
        if (context.method === "password")
          return context.password === "open sesame" ? context.accept() : context.reject();
        if (context.method !== "keyboard-interactive") return context.reject();
        context.prompt([{ prompt: "Password: ", echo: false }], (answers) =>
          answers[0] === "open sesame" ? context.accept() : context.reject(),
        );
      },
    });
    const target = { ...server.target, knownHostsFiles: [knownHosts(server.target.port, [ed25519])] };
    const host = open(target);
    expect((await host.run("echo in")).stdout.toString()).toBe("in\n");
    await host.close();
    const wrong = await open({ ...target, password: "wrong" })
      .run("true")
      .catch((error: unknown) => error);
    expect(wrong).toMatchObject({ id: "AUTHENTICATION_FAILED" });
    await server.stop();
  });
});
