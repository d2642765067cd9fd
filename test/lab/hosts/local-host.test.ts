import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import ssh2 from "ssh2";
import type { Client, ClientChannel } from "ssh2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKeyPair, writePrivateKey } from "../../../lab/hosts/keys.ts";
import type { KeyPair } from "../../../lab/hosts/keys.ts";
import { LocalHost } from "../../../lab/hosts/local-host.ts";

const hasSsh = spawnSync("ssh", ["-V"]).error === undefined;

let directory: string;
let host: LocalHost;
let key: KeyPair;
let clients: Client[];

beforeEach(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "lab-host-"));
  key = createKeyPair();
  clients = [];
  host = new LocalHost({
    name: "a",
    directory: path.join(directory, "a"),
    authorizedKey: key,
    nodeProgram: process.execPath,
  });
  await host.start();
});

afterEach(async () => {
  for (const client of clients) client.end();
  await host.powerOff();
  fs.rmSync(directory, { recursive: true });
});

async function connect(privateKey = key.private): Promise<Client> {
  const client = new ssh2.Client();
  clients.push(client);
  const ready = new Promise<void>((resolve, reject) => {
    client.once("ready", resolve);
    client.on("error", reject);
  });
  client.connect({ host: "127.0.0.1", port: host.port, username: host.user, privateKey });
  await ready;
  return client;
}

async function open(client: Client, command: string): Promise<ClientChannel> {
  return await new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

async function run(client: Client, command: string, input?: string) {
  const channel = await open(client, command);
  let stdout = "";
  let stderr = "";
  channel.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  channel.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = once(channel, "exit");
  channel.end(input);
  await once(channel, "close");
  const [code, signal] = await exit;
  return { code, signal, stdout, stderr };
}

describe("a local host", () => {
  it("runs commands in its own directory and reports how they ended", async () => {
    const client = await connect();
    expect(await run(client, 'pwd; echo "$HOME"; echo oops >&2; exit 7')).toMatchObject({
      code: 7,
      stdout: `${host.directory}\n${host.directory}\n`,
      stderr: "oops\n",
    });
    expect(await run(client, "kill -TERM $$")).toMatchObject({ code: null, signal: "SIGTERM" });
    expect(await run(client, "no-such-program")).toMatchObject({ code: 127 });
  });

  it("hands input over byte by byte and ends it when the client does", async () => {
    const client = await connect();
    const input = "0123456789".repeat(200_000);
    expect(await run(client, "wc -c", input)).toMatchObject({ code: 0, stdout: expect.stringContaining("2000000") });
  });

  it("delivers all output of a command that writes a lot and ends at once", async () => {
    const client = await connect();
    const { stdout } = await run(client, "head -c 3000000 /dev/zero | tr '\\0' x");
    expect(stdout.length).toBe(3_000_000);
  });

  it("passes signals on to the command and its children", async () => {
    const client = await connect();
    const channel = await open(client, "sleep 1000 & echo started; wait");
    await once(channel, "data");
    const exit = once(channel, "exit");
    channel.signal("TERM");
    expect((await exit).slice(0, 2)).toEqual([null, "SIGTERM"]);
    await vi.waitFor(() => expect(host.processes()).toEqual([]));
  });

  it.skipIf(!hasSsh)("lets in OpenSSH's own client, which knows its host key", async () => {
    const identityFile = path.join(directory, "key");
    const knownHostsFile = path.join(directory, "known-hosts");
    writePrivateKey(identityFile, key);
    fs.writeFileSync(knownHostsFile, host.knownHostsLine);
    const options = ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHostsFile}`, "BatchMode=yes"];
    const child = spawn(
      "ssh",
      [
        "-F",
        "none",
        "-i",
        identityFile,
        "-p",
        String(host.port),
        ...options.flatMap((option) => ["-o", option]),
        `${host.user}@127.0.0.1`,
        "cat; exit 5",
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stdin.end("through and back");
    const [code] = await once(child, "close");
    expect({ code, stdout }).toEqual({ code: 5, stdout: "through and back" });
  });

  it("lets in nobody without its key", async () => {
    await expect(connect(createKeyPair().private)).rejects.toThrow(/authentication/i);
  });

  it("closes the input of a command when the connection is cut, and ends nothing else", async () => {
    const client = await connect();
    client.on("error", () => undefined);
    const channel = await open(client, "cat >/dev/null; echo closed >marker; sleep 1000");
    channel.on("error", () => undefined);
    await vi.waitFor(() => expect(host.processes()).not.toEqual([]));
    host.sever();
    await vi.waitFor(() => expect(fs.existsSync(path.join(host.directory, "marker"))).toBe(true));
    expect(host.processes().some(({ commandLine }) => commandLine === "sleep 1000")).toBe(true);
  });

  it("refuses connections and accepts them again on the same port", async () => {
    const { port } = host;
    host.refuse();
    await expect(connect()).rejects.toThrow(/ECONNREFUSED/);
    await host.start();
    expect(host.port).toBe(port);
    expect(await run(await connect(), "true")).toMatchObject({ code: 0 });
  });

  it("takes every process with it when the power goes, daemons too", async () => {
    const client = await connect();
    client.on("error", () => undefined);
    await run(client, "setsid sh -c 'sleep 1000; true' </dev/null >/dev/null 2>&1 & echo");
    expect(host.processes()).not.toEqual([]);
    await host.powerOff();
    expect(host.processes()).toEqual([]);
    await expect(connect()).rejects.toThrow(/ECONNREFUSED/);
  });

  it("forwards ports, so that it can be a jump host", async () => {
    const client = await connect();
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.forwardOut("127.0.0.1", 0, "127.0.0.1", host.port, (error, stream) =>
        error ? reject(error) : resolve(stream),
      );
    });
    const [greeting] = await once(channel, "data");
    expect(String(greeting)).toMatch(/^SSH-2\.0-/);
    channel.destroy();
  });
});
