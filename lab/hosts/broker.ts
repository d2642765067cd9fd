import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Aedes } from "aedes";
import { freePort } from "./free-port.ts";

export interface BrokerOptions {
  /** For Mosquitto's files; must exist. */
  readonly directory: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Default: Mosquitto where it is installed, otherwise the embedded one. */
  readonly kind?: "mosquitto" | "embedded";
  /** Further environment of Mosquitto's process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Broker {
  readonly kind: "mosquitto" | "embedded";
  readonly port: number;
  /** mqtt://127.0.0.1:port */
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  stop(): Promise<void>;
}

/** An MQTT broker on a loopback port, with or without a password. Retained messages are lost when it stops. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const program = findMosquitto();
  const kind = options.kind ?? (program ? "mosquitto" : "embedded");
  if (kind === "embedded") return await startEmbedded(options);
  if (!program) throw new Error("Mosquitto is not installed.");
  return await startMosquitto(program, options);
}

/** Path of the Mosquitto broker, undefined where it is not installed. */
export function findMosquitto(): string | undefined {
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
    .map((directory) => path.join(directory, "mosquitto"))
    .find((file) => fs.existsSync(file));
}

async function startMosquitto(program: string, options: BrokerOptions): Promise<Broker> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    // In a process group of its own: a terminal's Ctrl-C must not end it before those who use it.
    const child = spawn(program, ["-c", writeConfiguration(port, options)], {
      stdio: "ignore",
      detached: true,
      env: { ...process.env, ...options.environment },
    });
    if (await accepts(port, child)) {
      const stop = async (): Promise<void> => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      };
      return describe("mosquitto", port, options, stop);
    }
    child.kill("SIGKILL");
    if (attempt === 3) throw new Error(`Mosquitto did not start; its log is in ${options.directory}.`);
  }
}

function writeConfiguration(port: number, options: BrokerOptions): string {
  const { directory, credentials } = options;
  const lines = [
    `listener ${port} 127.0.0.1`,
    // Started by root it would become another user, who cannot read these files.
    `user ${os.userInfo().username}`,
    "persistence false",
    "set_tcp_nodelay true",
    `log_dest file ${path.join(directory, "mosquitto.log")}`,
    `allow_anonymous ${credentials ? "false" : "true"}`,
  ];
  if (credentials) {
    const passwords = path.join(directory, "mosquitto.passwords");
    fs.writeFileSync(passwords, `${credentials.username}:${hash(credentials.password)}\n`, { mode: 0o600 });
    lines.push(`password_file ${passwords}`);
  }
  const file = path.join(directory, "mosquitto.conf");
  fs.writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** Mosquitto's password format 7: PBKDF2 with SHA-512. */
function hash(password: string): string {
  const salt = randomBytes(12);
  const iterations = 101;
  const key = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return `$7$${iterations}$${salt.toString("base64")}$${key.toString("base64")}`;
}

async function accepts(port: number, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + 5000;
  while (Date.now() < until && child.exitCode === null) {
    if (await connects(port)) return child.exitCode === null;
    await delay(20);
  }
  return false;
}

async function connects(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function startEmbedded(options: BrokerOptions): Promise<Broker> {
  const { credentials } = options;
  const aedes = await Aedes.createBroker({
    queueLimit: 1000,
    authenticate(_client, username, password, done) {
      const allowed =
        !credentials || (username === credentials.username && password?.toString() === credentials.password);
      done(null, allowed);
    },
  });
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  return describe("embedded", port, options, async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
    await closed;
  });
}

function describe(kind: Broker["kind"], port: number, options: BrokerOptions, stop: () => Promise<void>): Broker {
  return { kind, port, url: `mqtt://127.0.0.1:${port}`, credentials: options.credentials, stop };
}
